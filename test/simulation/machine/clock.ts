import type { World } from "../world.ts"

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
    this.#wallMs = wallMs
    this.#sinceMs = this.#world.nowMs
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
