import { REQUEST_SIZE, RESPONSE_SIZE, isTextStart } from "../../../protocol/index.ts"
import { DRAIN_TIMEOUT_MS } from "../settings.ts"
import type { World } from "../world.ts"

/** A node that stops ends a connection once nothing has come for so long, by its own clock. */
const QUIET_MS = 200
/** That clock is fast by a thousandth at the most. */
const CLOCK_RATE_MIN = 0.998
/** Of a stop with the longest drain delay: after so long it may wait for nobody any more. */
const PATIENCE_MS = 1_000
/**
 * The same from the moment it began to stop. A process that is paused in its drain delay closes its
 * port late, and has less time left: of the drain timeout 3,250 ms are kept for the answers and the
 * last mark, and the rest is measured by a clock of its own.
 */
const STOP_PATIENCE_MS: number = (DRAIN_TIMEOUT_MS - 3_250) * CLOCK_RATE_MIN

/** What a node owes to one of its connections: nothing, when it sends its FIN. */
export class OwedFrames {
  readonly #world: World
  #bytesIn = 0
  #bytesOut = 0
  #isText = false
  #lastInMs = -Infinity
  /** The client has said that it sends no more. */
  isLast = false

  constructor(world: World) {
    this.#world = world
  }

  /** The node was handed bytes. */
  received(chunk: Uint8Array): void {
    if (this.#bytesIn === 0) {
      this.#isText = isTextStart(chunk)
    }
    this.#bytesIn += chunk.length
    this.#lastInMs = this.#world.nowMs
  }

  written(bytes: number): void {
    this.#bytesOut += bytes
  }

  /**
   * The node sends its FIN.
   * @param stoppedAtMs when it closed its port; undefined: it has not
   * @param stopsSinceMs when it began to stop, if it was told to
   */
  ended(
    host: number,
    stoppedAtMs: number | undefined,
    stopsSinceMs: number | undefined = stoppedAtMs,
  ): void {
    const { nowMs } = this.#world
    const owed =
      Math.floor(this.#bytesIn / REQUEST_SIZE) - Math.floor(this.#bytesOut / RESPONSE_SIZE)
    if (!this.#isText && owed > 0) {
      this.#world.breaks(`node ${host} ended a connection with ${owed} requests unanswered`)
    }
    if (this.isLast || stoppedAtMs === undefined || nowMs - stoppedAtMs > PATIENCE_MS) return
    if (stopsSinceMs !== undefined && nowMs - stopsSinceMs > STOP_PATIENCE_MS) return
    const quietMs = nowMs - this.#lastInMs
    if (quietMs < QUIET_MS * CLOCK_RATE_MIN) {
      this.#world.breaks(`node ${host} ended a connection that was quiet for ${quietMs} ms only`)
    }
  }
}
