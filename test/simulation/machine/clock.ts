import type { World } from "../world.ts"

/** The clocks of one machine, each at its own pace. They go on when the machine's processes do not. */
export class Clock {
  readonly #world: World
  /** Of the monotonic clock to the true time. */
  readonly #pace: number
  readonly #bootMs: number
  /** The wall clock is this at that moment, and goes on at this pace. */
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

  /** How long something takes in true time that takes so long by this machine's timers. */
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

  /** @param pace of the wall clock to the true time; 0: it stands still */
  drift(pace: number): void {
    this.set(this.#exactWallMs)
    this.#wallPace = pace
  }

  get #exactWallMs(): number {
    return this.#wallMs + (this.#world.nowMs - this.#sinceMs) * this.#wallPace
  }
}
