import { closeSync, openSync, writeSync } from "node:fs"

/** Bytes of an id in a file: 64 bits as this machine has them, so that they sort in place. */
export const ID_BYTES = 8

/** How many ids of each file are kept in memory before they are written. */
const BUFFER_IDS = 32_768

const UINT32 = 2 ** 32

/** Where the halves of a 64-bit id lie in its two 32-bit words, on this machine. */
export const LOW_WORD: number = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1
export const HIGH_WORD: number = 1 - LOW_WORD

/** Ids on disk, 8 bytes each, in the order they came. */
export class IdFile {
  readonly path: string
  /** How many there are, those in memory included. */
  count = 0
  readonly #file: number
  #words = new Uint32Array(2 * BUFFER_IDS)
  #used = 0
  #isOpen = true

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, "wx")
  }

  /** Adds every id of a block of `count` ids, given the halves of the first one. */
  add(high: number, low: number, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#used === this.#words.length) this.#write()
      const isCarried = low + i >= UINT32
      this.#words[this.#used + LOW_WORD] = low + i
      this.#words[this.#used + HIGH_WORD] = isCarried ? high + 1 : high
      this.#used += 2
    }
    this.count += count
  }

  /** Writes what is in memory; no id may follow. */
  close(): void {
    if (!this.#isOpen) return
    this.#write()
    closeSync(this.#file)
    this.#words = new Uint32Array(0)
    this.#isOpen = false
  }

  #write(): void {
    const bytes = new Uint8Array(this.#words.buffer, 0, this.#used * Uint32Array.BYTES_PER_ELEMENT)
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
    this.#used = 0
  }
}
