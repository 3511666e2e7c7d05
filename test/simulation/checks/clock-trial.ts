import { Op, Status } from "../../../protocol/index.ts"
import { BURST_MS } from "../../../server/generator/generator.ts"
import { RESERVE_MS, TIME_LIMIT } from "../../../server/generator/reservation.ts"
import { LEAP_MIN_MS, STAND_MS } from "../../../server/generator/trusted-clock.ts"
import type { ClientParts } from "../clients/client.ts"
import { request } from "../clients/requests.ts"
import { survey } from "../clients/survey.ts"
import { NodeState } from "../machine/simulated-node.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import type { Settings } from "../settings.ts"

/** A node that serves answers within this. */
const AT_ONCE_MS = 300
/** For a node to ask the others, and for its mark to be stored. */
const CONFIRMED_WITHIN_MS = 2_500
/** A clock that stands for this long has stood for long enough, and for another look at it. */
const STANDS_MS = STAND_MS + 1_500
/** How long a clock leaps for a moment. */
const GLITCH_MAX_MS = STAND_MS - 500
const RESTARTED_WITHIN_MS = 9_000
const STEP_MS = 50
const DAY_MS = 86_400_000

/**
 * What must be true of a clock that leaps ahead while all else is well: ids go on as if it had not,
 * and there are ids as soon as it is back. Runs last, since a node that is alone is led away for good.
 */
export class ClockTrial {
  readonly #parts: ClientParts
  readonly #node: SimulatedNode
  readonly #hasPeers: boolean
  readonly #leadMaxMs: number
  readonly #leapMs: number

  /** @param node one that serves; the clocks of all nodes are right */
  constructor(parts: ClientParts, settings: Settings, node: SimulatedNode) {
    const { random } = parts.world
    this.#parts = parts
    this.#node = node
    this.#hasPeers = settings.nodes > 1
    this.#leadMaxMs = Math.max(BURST_MS, settings.maxClockLeadMs)
    const leastMs = 2 * Math.max(LEAP_MIN_MS, settings.maxClockLeadMs)
    const mostMs = Math.min(365 * DAY_MS, (TIME_LIMIT - node.wall) / 2)
    this.#leapMs = Math.round(random.spread(leastMs, Math.max(leastMs, mostMs)))
  }

  run(): void {
    const { random } = this.#parts.world
    const trials = [() => this.#glitch(), () => this.#stand(), () => this.#start()]
    random.pick(trials)()
  }

  /** The clock leaps for a moment. */
  #glitch(): void {
    this.#leap()
    this.#serveFor(this.#parts.world.random.between(0, GLITCH_MAX_MS))
    this.#leapBack()
    this.#expect(Status.OK, AT_ONCE_MS)
  }

  /** It leaps and stays there: the others contradict it, or there are none. */
  #stand(): void {
    this.#leap()
    this.#serveFor(STANDS_MS)
    const aheadMs = this.#node.lastTime - (this.#node.wall - this.#leapMs)
    const isFollowed = aheadMs > this.#leadMaxMs
    if (isFollowed === this.#hasPeers) {
      this.#breaks(
        `its ids are ${aheadMs} ms ahead, when the clock has stood ${this.#leapMs} ahead`,
      )
    }
    this.#leapBack()
    if (this.#hasPeers) this.#expect(Status.OK, AT_ONCE_MS)
  }

  /** It is ahead when the node starts. A node that is alone cannot know. */
  #start(): void {
    if (!this.#hasPeers) return
    this.#node.stop()
    this.#leap()
    this.#waitUntilRestarted()
    this.#expect(Status.NOT_READY, AT_ONCE_MS)
    const rightMs = this.#node.wall - this.#leapMs
    const aheadMs = this.#node.disk.durableMark - rightMs
    if (aheadMs > this.#leadMaxMs + RESERVE_MS) this.#breaks(`its mark is ${aheadMs} ms ahead`)
    this.#leapBack()
    this.#expect(Status.OK, CONFIRMED_WITHIN_MS)
  }

  #leap(): void {
    this.#node.clock.step(this.#leapMs)
  }

  #leapBack(): void {
    this.#node.clock.step(-this.#leapMs)
  }

  #serveFor(ms: number): void {
    const { world } = this.#parts
    const endMs = world.nowMs + ms
    do {
      this.#expect(Status.OK, AT_ONCE_MS)
      world.runUntil(world.nowMs + STEP_MS)
    } while (world.nowMs < endMs)
  }

  #waitUntilRestarted(): void {
    const { world } = this.#parts
    const endMs = world.nowMs + RESTARTED_WITHIN_MS
    while (this.#node.state !== NodeState.UP) {
      if (world.nowMs >= endMs) this.#breaks(`it is still ${this.#node.state}`)
      world.runUntil(world.nowMs + STEP_MS)
    }
  }

  #expect(wanted: Status, withinMs: number): void {
    const isRight = (status: number): boolean => status === wanted
    survey(this.#parts, [{ node: this.#node, request: request(Op.LOCAL, 1), isRight }], withinMs)
  }

  #breaks(promise: string): never {
    return this.#parts.world.breaks(`node ${this.#node.nodeId}, whose clock leapt: ${promise}`)
  }
}
