import { backoffMs } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import { DueSet } from "./due-set.ts"
import type { Environment } from "./environment.ts"
import type { EpochAgreement } from "./epoch-agreement.ts"
import { FirnError } from "./errors.ts"
import { Lane } from "./lane.ts"
import type { ServerStateChange, Settings } from "./options.ts"
import type { Turn } from "./turn.ts"

/** What the two dispatchers of a client share. */
export interface DispatcherParts {
  readonly environment: Environment
  readonly turn: Turn
  readonly epoch: EpochAgreement
}

const NONE: readonly never[] = []

/**
 * Finds a server for each call, and another one when it fails there: of the servers that are up and
 * have not failed it yet, the one with less in flight of two picked at random (Mitzenmacher, "The
 * Power of Two Choices in Randomized Load Balancing", 2001). Once all have failed it, it rests for
 * the backoff and may try them all again.
 */
export class Dispatcher {
  readonly #settings: Settings
  readonly #environment: Environment
  readonly #lanes: readonly Lane[]
  /** Those that are up. */
  #ready: readonly Lane[] = NONE
  /** Calls for which no server is up. */
  readonly #waiting: DueSet
  /** Calls that have failed everywhere, until they try again. */
  readonly #resting: DueSet
  #isOpen = false
  #closed: FirnError | undefined

  /** @param routed whether these are the connections for routed calls */
  constructor(settings: Settings, routed: boolean, parts: DispatcherParts) {
    const { environment, turn, epoch } = parts
    this.#settings = settings
    this.#environment = environment
    this.#waiting = new DueSet(environment, (call) => call.timeOut("connection"))
    this.#resting = new DueSet(environment, (call) => this.dispatch(call, this.#now()))
    const { tls, connectTimeoutMs, tryTimeoutMs, connectionsPerServer } = settings
    const stallMs = 2 * tryTimeoutMs
    this.#lanes = settings.servers.map(({ name, address }) => {
      const options = { server: name, address, tls, connectTimeoutMs, stallMs, environment, turn }
      return new Lane(options, connectionsPerServer, {
        checked: ({ server }, epochMs) => epoch.check(epochMs, server),
        up: () => this.#laneUp(),
        down: (_, failure) => this.#laneDown(failure),
        failed: (lane, call, failure) => this.#failed(lane, call, failure),
        changed: ({ server }, state, reason) => this.#tell({ server, routed, state, reason }),
      })
    })
  }

  /** Sends a call to a server, or keeps it until one is up. */
  dispatch(call: Call, nowMs: number): void {
    const { triedServers } = call
    const isNew = triedServers.length === 0
    const lanes = isNew
      ? this.#ready
      : this.#ready.filter((lane) => !triedServers.includes(lane.server))
    const lane = lanes.length <= 1 ? lanes[0] : this.#pick(lanes)
    if (lane === undefined) {
      this.#keep(call, nowMs)
      return
    }
    const tryTimeoutMs = lanes.length > 1 ? this.#settings.tryTimeoutMs : Infinity
    if (lane.send(call, nowMs, tryTimeoutMs)) return
    const { server } = lane
    const full = `${server}: all places on its connection are taken`
    this.#failed(lane, call, new FirnError("OVERLOADED", full, { server }))
  }

  /** Closes all connections; calls that are not over yet fail. */
  close(error: FirnError): void {
    this.#closed = error
    this.#ready = NONE
    for (const lane of this.#lanes) lane.close("the client was closed")
    for (const call of [...this.#waiting.takeAll(), ...this.#resting.takeAll()]) call.fail(error)
  }

  #tell(change: ServerStateChange): void {
    try {
      this.#settings.onStateChange?.(change)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #now(): number {
    return this.#environment.monotonicMs()
  }

  /** @param lanes two or more */
  #pick(lanes: readonly Lane[]): Lane {
    const { length } = lanes
    const i = Math.floor(this.#environment.random() * length)
    const j = (i + 1 + Math.floor(this.#environment.random() * (length - 1))) % length
    const [one, other] = [lanes[i]!, lanes[j]!]
    if (one.isLate !== other.isLate) return one.isLate ? other : one
    return one.inFlight <= other.inFlight ? one : other
  }

  #keep(call: Call, nowMs: number): void {
    if (this.#closed !== undefined) {
      call.fail(this.#closed)
      return
    }
    if (this.#ready.length === 0) {
      this.#waiting.add(call, call.deadlineMs)
      this.#open()
      return
    }
    const last = call.failures.at(-1)
    const askedMs = last?.code === "OVERLOADED" ? (last.detail ?? 0) : 0
    const restMs = Math.max(askedMs, backoffMs(call.tries - 1, this.#environment.random()))
    if (nowMs + restMs >= call.deadlineMs) {
      call.giveUp()
      return
    }
    call.triedServers = NONE
    this.#resting.add(call, nowMs + restMs)
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    for (const lane of this.#lanes) lane.open()
  }

  #failed(lane: Lane, call: Call, failure: FirnError): void {
    if (call.isSettled) return
    if (this.#closed !== undefined) {
      call.fail(this.#closed)
      return
    }
    call.note(failure)
    const now = this.#now()
    if (!failure.retryable || call.tries >= this.#settings.triesMax) call.giveUp()
    else if (now >= call.deadlineMs) call.timeOut()
    else {
      call.triedServers = [...call.triedServers, lane.server]
      this.dispatch(call, now)
    }
  }

  #laneUp(): void {
    this.#updateReady()
    const now = this.#now()
    for (const call of this.#waiting.takeAll()) {
      call.triedServers = NONE
      this.dispatch(call, now)
    }
  }

  /** For the calls that wait, a server that cannot be reached is a try that failed. */
  #laneDown(failure: FirnError): void {
    this.#updateReady()
    const areAllDown = this.#lanes.every(({ state }) => state === "down")
    for (const call of this.#waiting.calls) {
      call.note(failure)
      if (areAllDown && call.tries >= this.#settings.triesMax) call.giveUp()
    }
  }

  #updateReady(): void {
    this.#ready = this.#lanes.filter(({ state }) => state === "up")
  }
}
