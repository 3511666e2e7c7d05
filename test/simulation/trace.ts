const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/**
 * The record of a run: a hash of all that happened, which two runs of one seed must have in common,
 * and for people the lines that tell of it.
 */
export class Trace {
  #hash = OFFSET_BASIS
  readonly #write: ((line: string) => void) | undefined

  /** @param write takes the lines; undefined: nobody wants them */
  constructor(write?: (line: string) => void) {
    this.#write = write
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0")
  }

  /** Whether lines are wanted: making them costs more than all the rest. */
  get isOn(): boolean {
    return this.#write !== undefined
  }

  mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, PRIME)
  }

  /** Mixes in a time, down to a millionth of a millisecond. */
  mixTime(ms: number): void {
    const wholeMs = Math.floor(ms)
    this.mix(wholeMs)
    this.mix((ms - wholeMs) * 1e6)
  }

  line(nowMs: number, text: string): void {
    this.#write?.(`${nowMs.toFixed(3).padStart(12)}  ${text}`)
  }
}
