import { drainMicrotasks } from "bun:jsc"
import { VirtualTime } from "../support/virtual-time.ts"
import type { VirtualEvent } from "../support/virtual-time.ts"
import { Random } from "./random.ts"
import { Trace } from "./trace.ts"

/** What kind of thing an event is: goes into the trace. */
export const Kind = {
  TIMER: 1,
  TURN_END: 2,
  ARRIVAL: 3,
  SOCKET: 4,
  DISK: 5,
  CLIENT: 6,
  FAULT: 7,
  LIFE: 8,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** Hosts are numbered as the nodes are; this one has all the clients. */
export const CLIENTS = -1

const HOSTS = 2_048

/** A promise of Firn that was not kept. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise"
}

/**
 * Time, chance and the record of one simulated run. Everything that happens is an event at a moment;
 * what its code leaves to microtasks is run to its end before the next one.
 */
export class World {
  readonly random: Random
  readonly trace: Trace
  events = 0
  readonly #time = new VirtualTime()
  #broken: Error | undefined

  constructor(seed: number, trace: Trace) {
    this.random = new Random(seed)
    this.trace = trace
  }

  /** Milliseconds since the run began; no clock of a node shows it. */
  get nowMs(): number {
    return this.#time.nowMs
  }

  after(delayMs: number, kind: Kind, host: number, run: () => void): VirtualEvent {
    return this.#time.at(this.nowMs + delayMs, run, kind * HOSTS + host + 1)
  }

  cancel(event: VirtualEvent): void {
    this.#time.cancel(event)
  }

  /**
   * Lets time pass up to a moment.
   * @throws Error the first that was thrown in it, or BrokenPromise
   */
  runUntil(endMs: number): void {
    const time = this.#time
    for (let next = time.next; next !== undefined && next.atMs <= endMs; next = time.next) {
      this.events++
      this.trace.mix(next.label)
      this.trace.mixTime(next.atMs)
      time.runNext()
      drainMicrotasks()
      if (this.#broken !== undefined) throw this.#broken
    }
    time.nowMs = endMs
  }

  /** Ends the run, whatever becomes of the error that is thrown here. */
  breaks(promise: string): never {
    const broken = new BrokenPromise(promise)
    this.#broken ??= broken
    throw broken
  }

  /** Ends the run for an error that cannot be thrown into it, as a promise was rejected with it. */
  note(error: unknown): void {
    this.#broken ??= error as Error
  }
}
