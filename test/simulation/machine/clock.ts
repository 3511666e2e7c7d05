import type { World } from "../world.ts"

/** For how long a clock remembers what it has shown. */
const MEMORY_MS = 5_000

/** The clocks of one machine, each at its own pace. They go on when the machine's processes do not. */
export class Clock {
  readonly #world: World
  /** How fast the monotonic clock runs: 1 is as fast as the true time. */
  readonly #pace: number
  readonly #bootMs: number
  /** What the wall clock showed at the moment `#sinceMs`. From there it runs at `#wallPace`. */
  #wallMs: number
  #sinceMs = 0
  #wallPace = 1
  /** How far ahead of the true time it was when it was set, before and after. */
  #past: { readonly atMs: number; readonly aheadMs: number }[] = []
  /** When it was last set, in true time. */
  setAtMs: number = -Infinity

  constructor(world: World, wallMs: number, pace: number) {
    this.#world = world
    this.#wallMs = wallMs
    this.#pace = pace
    this.#bootMs = world.random.between(0, 1e6)
  }

  /** Unix milliseconds, whole ones as `Date.now` has them. */
  get wallMs(): number {
    return Math.floor(this.#exactWallMs)
  }

  get monotonicMs(): number {
    return this.#bootMs + this.#world.nowMs * this.#pace
  }

  /** The true time that passes while the timers of this machine count `timerMs`. */
  trueMs(timerMs: number): number {
    return timerMs / this.#pace
  }

  step(ms: number): void {
    this.set(this.#exactWallMs + ms)
  }

  set(wallMs: number): void {
    const { nowMs } = this.#world
    this.#past = this.#past.filter(({ atMs }) => nowMs - atMs < MEMORY_MS)
    this.#past.push({ atMs: nowMs, aheadMs: this.#exactWallMs - nowMs })
    this.#wallMs = wallMs
    this.#sinceMs = this.setAtMs = nowMs
    this.#past.push({ atMs: nowMs, aheadMs: wallMs - nowMs })
  }

  /** The latest that it has shown, with the time that has passed since; of the last seconds. */
  get latestMs(): number {
    const { nowMs } = this.#world
    const lately = this.#past.filter(({ atMs }) => nowMs - atMs < MEMORY_MS)
    return Math.max(this.#exactWallMs, ...lately.map(({ aheadMs }) => aheadMs + nowMs))
  }

  /** @param pace of the wall clock from now on: 1 is as fast as the true time, 0 stands still */
  drift(pace: number): void {
    this.set(this.#exactWallMs)
    this.#wallPace = pace
  }

  get #exactWallMs(): number {
    return this.#wallMs + (this.#world.nowMs - this.#sinceMs) * this.#wallPace
  }
}
