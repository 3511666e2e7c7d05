import { backoffMs } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import { DueSet } from "./due-set.ts"
import type { Environment } from "./environment.ts"
import type { EpochAgreement } from "./epoch-agreement.ts"
import { FirnError } from "./errors.ts"
import type { FlushScheduler } from "./flush-scheduler.ts"
import type { NodeSightings } from "./node-sightings.ts"
import type { ServerStateChange, Settings } from "./options.ts"
import { Outage } from "./outage.ts"
import type { ServerIdentity } from "./server-check.ts"
import { ServerPool } from "./server-pool.ts"
import type { ServerStats } from "./stats.ts"

/** What the two dispatchers of a client share. */
export interface DispatcherParts {
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
  readonly epoch: EpochAgreement
  readonly nodes: NodeSightings
  /** Is told when a server comes or goes. */
  readonly changed: (change: ServerStateChange) => void
}

const NONE: readonly never[] = []

/**
 * Sends each call to a server, and to another one when it fails there. Of the servers that are up
 * and have not failed the call yet, two are picked at random, and the one with less in flight gets
 * it (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). A call that all
 * of them have failed rests for the backoff, and may then try them all again.
 */
export class Dispatcher {
  readonly #settings: Settings
  readonly #parts: DispatcherParts
  readonly #environment: Environment
  readonly #routed: boolean
  readonly #pools: readonly ServerPool[]
  /** Those that are up. */
  #ready: readonly ServerPool[] = NONE
  /** Calls for which no server is up. */
  readonly #waiting: DueSet
  /** What these have missed. */
  readonly #outage = new Outage()
  #downCount = 0
  /** Calls that have failed everywhere, until they try again. */
  readonly #resting: DueSet
  #isOpen = false
  #closed: FirnError | undefined

  /** @param routed whether these are the connections for routed calls */
  constructor(settings: Settings, routed: boolean, parts: DispatcherParts) {
    const { environment, flushScheduler, changed } = parts
    this.#settings = settings
    this.#parts = parts
    this.#routed = routed
    this.#environment = environment
    this.#waiting = new DueSet(environment, (call) => {
      this.#noteMissed(call)
      call.timeOut("connection")
    })
    this.#resting = new DueSet(environment, (call) => this.dispatch(call, this.#now()))
    const { tls, connectTimeoutMs, tryTimeoutMs, connectionsPerServer } = settings
    this.#pools = settings.servers.map(({ name, address }) => {
      const options = {
        server: name,
        address,
        tls,
        connectTimeoutMs,
        silenceMs: tryTimeoutMs,
        environment,
        flushScheduler,
      }
      return new ServerPool(options, connectionsPerServer, {
        checked: ({ server }, identity) => this.#check(server, identity),
        up: () => this.#poolUp(),
        down: ({ server }, failure) => this.#poolDown(server, failure),
        failed: (pool, call, failure) => this.#failed(pool, call, failure),
        moved: (pool, call, failure) => this.#moved(pool, call, failure),
        silent: (sinceMs) => {
          for (const pool of this.#pools) pool.suspect(sinceMs)
        },
        changed: ({ server }, state, reason, before) => {
          this.#downCount += Number(state === "down") - Number(before === "down")
          changed({ server, routed, state, reason })
        },
      })
    })
  }

  /** Sends a call to a server, or keeps it until one is up. */
  dispatch(call: Call, nowMs: number): void {
    const pools = call.triedServers.length === 0 ? this.#ready : this.#untriedBy(call)
    const pool = pools.length <= 1 ? pools[0] : this.#pick(pools)
    if (pool === undefined) {
      this.#keep(call, nowMs)
      return
    }
    const tryTimeoutMs = pools.length > 1 ? this.#settings.tryTimeoutMs : Infinity
    if (!pool.send(call, nowMs, tryTimeoutMs)) this.#overloaded(pool, call)
  }

  get stats(): ServerStats[] {
    return this.#pools.map((pool) => ({ ...pool.stats, routed: this.#routed }))
  }

  /** Closes the connections to a node, but those to the process with this start number. */
  leaveNode(node: number, startNumber: number | undefined, reason: string): void {
    for (const pool of this.#pools) pool.leaveNode(node, startNumber, reason)
  }

  /** @param isRef whether its connections keep the process alive */
  setRef(isRef: boolean): void {
    for (const pool of this.#pools) pool.setRef(isRef)
  }

  /** Closes all connections; calls that are not over yet fail. */
  close(error: FirnError): void {
    this.#closed = error
    this.#ready = NONE
    for (const pool of this.#pools) pool.close("the client was closed")
    for (const call of [...this.#waiting.takeAll(), ...this.#resting.takeAll()]) call.fail(error)
  }

  /** @returns why a server must not be used, if so */
  #check(server: string, { epochMs, node, startNumber }: ServerIdentity): string | undefined {
    const { epoch, nodes } = this.#parts
    const fault = epoch.check(epochMs, server)
    if (fault !== undefined || node === undefined) return fault
    return nodes.note(node, startNumber, server, this.#now())
  }

  #now(): number {
    return this.#environment.monotonicMs()
  }

  #untriedBy({ triedServers }: Call): readonly ServerPool[] {
    return this.#ready.filter((pool) => !triedServers.includes(pool.server))
  }

  /** @param pools two or more */
  #pick(pools: readonly ServerPool[]): ServerPool {
    const { length } = pools
    const i = Math.floor(this.#environment.random() * length)
    const j = (i + 1 + Math.floor(this.#environment.random() * (length - 1))) % length
    const [one, other] = [pools[i]!, pools[j]!]
    if (one.isLate !== other.isLate) return one.isLate ? other : one
    return one.inFlight <= other.inFlight ? one : other
  }

  #keep(call: Call, nowMs: number): void {
    if (this.#closed !== undefined) {
      call.fail(this.#closed)
      return
    }
    if (this.#ready.length === 0) {
      call.waitsSince = this.#outage.count
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
    for (const pool of this.#pools) pool.open()
  }

  #overloaded(pool: ServerPool, call: Call): void {
    const { server } = pool
    const full = `${server}: all places on its connection are taken`
    this.#failed(pool, call, new FirnError("OVERLOADED", full, { server }))
  }

  #failed(pool: ServerPool, call: Call, failure: FirnError): void {
    if (!this.#mayGoOn(call, failure)) return
    call.triedServers = [...call.triedServers, pool.server]
    this.dispatch(call, this.#now())
  }

  #moved(pool: ServerPool, call: Call, failure: FirnError): void {
    if (!this.#mayGoOn(call, failure)) return
    if (pool.state !== "up") this.dispatch(call, this.#now())
    else if (!pool.send(call, this.#now(), Infinity)) this.#overloaded(pool, call)
  }

  /** Notes a failure. @returns whether the call may be tried again; otherwise it has ended */
  #mayGoOn(call: Call, failure: FirnError): boolean {
    if (call.isSettled) return false
    if (this.#closed !== undefined) {
      call.fail(this.#closed)
      return false
    }
    call.note(failure)
    if (!failure.retryable || call.tries >= this.#settings.triesMax) call.giveUp()
    else if (this.#now() >= call.deadlineMs) call.timeOut()
    return !call.isSettled
  }

  #poolUp(): void {
    this.#updateReady()
    const now = this.#now()
    for (const call of this.#waiting.takeAll()) {
      this.#noteMissed(call)
      call.triedServers = NONE
      this.dispatch(call, now)
    }
  }

  /**
   * To a call that waits, a server that cannot be reached is a try that failed. While there is one
   * that may still be reached, no call is looked at. Otherwise each of them is, `triesMax` times at
   * most: then it gives up.
   */
  #poolDown(server: string, failure: FirnError): void {
    this.#updateReady()
    const outage = this.#outage
    outage.note(server, failure)
    if (this.#downCount < this.#pools.length) return
    for (const call of this.#waiting.calls) {
      if (call.tries + outage.count - call.waitsSince < this.#settings.triesMax) continue
      this.#noteMissed(call)
      call.giveUp()
    }
  }

  #noteMissed(call: Call): void {
    call.noteMissed(this.#outage.since(call.waitsSince))
  }

  #updateReady(): void {
    this.#ready = this.#pools.filter(({ state }) => state === "up")
  }
}
