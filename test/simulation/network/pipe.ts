import type { VirtualEvent } from "../../support/virtual-time.ts"
import type { Party } from "./gate.ts"
import type { Road } from "./road.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

interface Piece {
  readonly atMs: number
  /** undefined: a FIN */
  readonly bytes: Uint8Array | undefined
}

/** What is at either end of a pipe. */
export interface PipeEnd {
  readonly party: Party
  receive(bytes: Uint8Array): void
  receiveFin(): void
  /** There is room for more. */
  drained(): void
}

/** Data that a cut held up is sent again at most this long after it has healed. */
const RESEND_MS = 400

/** How often a socket says that there is room again though there always was. */
const NEEDLESS_DRAINS = 0.02

/** One direction of a stream: pieces of data that arrive in order, none lost while it lasts. */
export class Pipe {
  /** Nothing passes any more. */
  isDark = false
  readonly #world: World
  readonly #road: Road
  readonly #from: PipeEnd
  readonly #to: PipeEnd
  #pieces: Piece[] = []
  #lastMs = 0
  /** Bytes that were accepted and not yet read at the other end. */
  #unread = 0
  #isBlocked = false
  #isHeldUp = false
  #arrival: VirtualEvent | undefined

  constructor(world: World, road: Road, from: PipeEnd, to: PipeEnd) {
    this.#world = world
    this.#road = road
    this.#from = from
    this.#to = to
  }

  /** @returns how many bytes were accepted */
  send(bytes: Uint8Array, offset: number, length: number): number {
    const room = Math.max(0, this.#road.weather.bufferBytes - this.#unread)
    const accepted = Math.min(room, length)
    if (accepted < length) this.#isBlocked = true
    this.#unread += accepted
    for (let at = offset, end = offset + accepted; at < end;) {
      const cut = this.#cutAt(end - at)
      this.#put(bytes.slice(at, at + cut))
      at += cut
    }
    return accepted
  }

  sendFin(): void {
    this.#put(undefined)
  }

  /** The other end has read so much: soon there is room for as much again. */
  read(length: number): void {
    this.#unread -= length
    if (this.isDark || (!this.#isBlocked && !this.#world.random.chance(NEEDLESS_DRAINS))) return
    this.#isBlocked = false
    const { host } = this.#from.party
    this.#world.after(this.#road.delayMs(), Kind.SOCKET, host, () => this.#from.drained())
  }

  clear(): void {
    this.#pieces = []
    if (this.#arrival !== undefined) this.#world.cancel(this.#arrival)
    this.#arrival = undefined
  }

  #cutAt(length: number): number {
    const { random } = this.#world
    if (length === 1 || !random.chance(this.#road.weather.cutChance)) return length
    return random.whole(1, length - 1)
  }

  #put(bytes: Uint8Array | undefined): void {
    if (this.isDark) return
    const atMs = Math.max(
      this.#lastMs,
      this.#world.nowMs + this.#road.dataDelayMs(this.#from.party.host),
    )
    this.#lastMs = atMs
    this.#pieces.push({ atMs, bytes })
    if (this.#arrival === undefined && !this.#isHeldUp) this.#arm(atMs - this.#world.nowMs)
  }

  #arm(delayMs: number): void {
    this.#arrival = this.#world.after(delayMs, Kind.ARRIVAL, this.#to.party.host, () => {
      this.#arrival = undefined
      if (this.#road.isCut(this.#from.party.host, this.#to.party.host)) this.#holdUp()
      else this.#arrive()
    })
  }

  #holdUp(): void {
    this.#isHeldUp = true
    this.#road.holdUp(() => {
      this.#isHeldUp = false
      if (this.#pieces.length > 0) this.#arm(this.#world.random.between(1, RESEND_MS))
    })
  }

  #arrive(): void {
    const { nowMs } = this.#world
    let due = 0
    while (due < this.#pieces.length && this.#pieces[due]!.atMs <= nowMs) due++
    const pieces = this.#pieces.splice(0, due)
    const [next] = this.#pieces
    if (next !== undefined) this.#arm(next.atMs - nowMs)
    for (const { bytes } of pieces) {
      if (bytes === undefined) this.#to.receiveFin()
      else this.#to.receive(bytes)
    }
  }
}
