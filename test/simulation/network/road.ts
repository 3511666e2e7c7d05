import type { Random } from "../random.ts"

/** How bad a network is; to be changed at any time. */
export interface Weather {
  /** How long a piece of data takes, more or less. */
  delayMs: number
  /** A few pieces take up to this much longer. */
  lateMs: number
  /** How often a write is cut into pieces that travel apart. */
  cutChance: number
  /** How many bytes a socket takes before the other side has read some. */
  bufferBytes: number
}

/** A local network on a good day. */
export const FAIR: Weather = { delayMs: 0.2, lateMs: 20, cutChance: 0.1, bufferBytes: 65_536 }

/** What lies between the hosts: how long things take on it, and where nothing passes. */
export class Road {
  readonly weather: Weather = { ...FAIR }
  readonly #random: Random
  /** Hosts whose machine is off. */
  readonly #off = new Set<number>()
  /** Pairs of hosts, from and to, between which nothing passes. */
  readonly #cut = new Set<number>()
  /** Hosts whose data takes longer to leave, by so many milliseconds. */
  readonly #slowMs = new Map<number, number>()
  /** What is held up by a cut. */
  #heldUp: (() => void)[] = []

  constructor(random: Random) {
    this.#random = random
  }

  setPower(host: number, isOn: boolean): void {
    if (isOn) this.#off.delete(host)
    else this.#off.add(host)
  }

  isOff(host: number): boolean {
    return this.#off.has(host)
  }

  /** @param ms how much longer what leaves the host is under way; 0: no longer */
  setSlow(host: number, ms: number): void {
    this.#slowMs.set(host, ms)
  }

  cut(from: number, to: number): void {
    this.#cut.add(pair(from, to))
  }

  /** Lets everything through again. */
  heal(): void {
    this.#cut.clear()
    const heldUp = this.#heldUp
    this.#heldUp = []
    for (const goOn of heldUp) goOn()
  }

  isCut(from: number, to: number): boolean {
    return this.#cut.size > 0 && this.#cut.has(pair(from, to))
  }

  /** Calls `goOn` when the cuts are healed. */
  holdUp(goOn: () => void): void {
    this.#heldUp.push(goOn)
  }

  /** How long the next piece of data from a host is under way. */
  dataDelayMs(from: number): number {
    return this.delayMs() + (this.#slowMs.get(from) ?? 0)
  }

  delayMs(): number {
    const { delayMs, lateMs } = this.weather
    const delay = delayMs * (0.5 + this.#random.next())
    return this.#random.chance(0.01) ? delay + this.#random.next() * lateMs : delay
  }
}

function pair(from: number, to: number): number {
  return from * 4_096 + to
}
