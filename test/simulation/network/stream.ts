import { End } from "./end.ts"
import type { Party } from "./gate.ts"
import { Pipe } from "./pipe.ts"
import type { Road } from "./road.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

/** A TCP connection: two ends, and a pipe each way. */
export class Stream {
  readonly dialler: End
  readonly listener: End
  mishap: string | undefined
  /** It came when its node had as many as it may have. */
  isOneTooMany = false
  readonly #world: World
  readonly #road: Road
  readonly #there: Pipe
  readonly #back: Pipe
  readonly #closed: (stream: Stream) => void

  /** @param closed called when both ends are closed */
  constructor(world: World, road: Road, from: Party, to: Party, closed: (stream: Stream) => void) {
    this.#world = world
    this.#road = road
    this.#closed = closed
    this.dialler = new End(world, this, from)
    this.listener = new End(world, this, to)
    this.#there = new Pipe(world, road, this.dialler, this.listener)
    this.#back = new Pipe(world, road, this.listener, this.dialler)
    this.dialler.connect(this.#there, this.#back)
    this.listener.connect(this.#back, this.#there)
  }

  get ends(): readonly [End, End] {
    return [this.dialler, this.listener]
  }

  /** Tells the dialling side that it is connected, as soon as the news can get there. */
  open(tell: () => void): void {
    this.#carry(this.listener, this.dialler, () => this.dialler.party.gate.enter(tell))
  }

  /** One end resets the connection: the other hears of it, and what is under way is lost. */
  reset(end: End): void {
    const other = end === this.dialler ? this.listener : this.dialler
    const out = end === this.dialler ? this.#there : this.#back
    out.clear()
    if (!this.#road.isOff(end.party.host)) {
      this.#carry(end, other, () => other.lose("connection reset by peer"))
    }
  }

  /** It is lost to both ends, each of which hears of it in its own time. */
  lose(): void {
    this.mishap ??= "lost"
    this.#darken()
    for (const end of this.ends) {
      const delayMs = this.#world.random.spread(0.1, 3_000)
      this.#world.after(delayMs, Kind.SOCKET, end.party.host, () => end.lose("connection lost"))
    }
  }

  /** Nothing passes from now on, and nobody hears of it. */
  goDark(): void {
    this.mishap ??= "dark"
    this.#darken()
  }

  closedAt(end: End): void {
    const other = end === this.dialler ? this.listener : this.dialler
    if (other.isClosed) this.#closed(this)
  }

  /** What is under way is lost, and what comes after it. */
  #darken(): void {
    for (const pipe of [this.#there, this.#back]) {
      pipe.isDark = true
      pipe.clear()
    }
  }

  #carry(from: End, to: End, arrive: () => void): void {
    const tryIt = (): void => {
      if (this.#there.isDark) return
      if (this.#road.isCut(from.party.host, to.party.host)) this.#road.holdUp(tryIt)
      else arrive()
    }
    this.#world.after(this.#road.delayMs(), Kind.SOCKET, from.party.host, tryIt)
  }
}
