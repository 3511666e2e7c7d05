import type { Environment, Timer } from "../../../server/environment.ts"
import type { Clock } from "./clock.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

/** Timers are late by up to this, as real ones are. */
const TIMER_LATE_MS = 0.5
/** A turn of the event loop may take this long. What arrives meanwhile belongs to it. */
const TURN_MS = 0.05

/** One run of a server, from its start to its end: what it sees of the world outside. */
export class Process implements Environment {
  readonly nodeId: number
  isAlive = true
  /** When its node began to stop, if it does. */
  stopsSinceMs: number | undefined
  readonly random: () => number
  readonly #world: World
  readonly #clock: Clock
  readonly #wallRead: () => void
  /** While it stands still: what has to wait until it runs again. */
  #backlog: (() => void)[] | undefined

  /** @param wallRead hears of every look at the wall clock */
  constructor(world: World, nodeId: number, clock: Clock, wallRead: () => void) {
    this.#world = world
    this.nodeId = nodeId
    this.#clock = clock
    this.#wallRead = wallRead
    this.random = world.random.next
  }

  wallMs(): number {
    this.#wallRead()
    return this.#clock.wallMs
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs
  }

  after(delayMs: number, run: () => void): Timer {
    const lateMs = this.#world.random.next() * TIMER_LATE_MS
    // As setTimeout has it: whole milliseconds, at least one.
    const dueMs = this.#clock.trueMs(Math.max(1, Math.trunc(delayMs)) + lateMs)
    let isCancelled = false
    const event = this.#world.after(dueMs, Kind.TIMER, this.nodeId, () =>
      // It may be cancelled while it waits in the backlog.
      this.enter(() => {
        if (!isCancelled) run()
      }),
    )
    const cancel = (): void => {
      isCancelled = true
      this.#world.cancel(event)
    }
    return { cancel }
  }

  soon(run: () => void): void {
    const delayMs = this.#world.random.next() * TURN_MS
    this.#world.after(delayMs, Kind.TURN_END, this.nodeId, () => this.enter(run))
  }

  /** Has the process do something now, or as soon as it runs again; nothing once it has ended. */
  enter(run: () => void): void {
    if (!this.isAlive) return
    if (this.#backlog !== undefined) this.#backlog.push(run)
    else run()
  }

  /** It stands still while time goes on, as under SIGSTOP. */
  pause(): void {
    this.#backlog ??= []
  }

  /** It runs again. What came meanwhile is done now, in the order in which it came. */
  goOn(): void {
    const backlog = this.#backlog ?? []
    this.#backlog = undefined
    for (const run of backlog) {
      this.#world.after(0, Kind.LIFE, this.nodeId, () => this.enter(run))
    }
  }

  end(): void {
    this.isAlive = false
    this.#backlog = undefined
  }
}
