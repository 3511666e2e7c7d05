/** The most bytes that are kept for all clients together. */
const HELD_BYTES_MAX = 32 * 1024 * 1024
/** What is kept once some have been closed for it: choosing them means a look at each client. */
const HELD_BYTES_AFTER = HELD_BYTES_MAX * 0.75

/** What is kept for all clients: requests that are not parsed yet, answers that are not written yet. */
export class HeldBytes {
  #total = 0
  /** Too much is kept: closes those that `victims` chooses. */
  overflowed: () => void = () => {}

  /** So many more are kept, or fewer when below 0. */
  add(change: number): void {
    this.#total += change
    if (change > 0 && this.#total > HELD_BYTES_MAX) this.overflowed()
  }

  /**
   * Chooses those that are to be closed: those for which most is kept, and of equal ones the last, so
   * that the others get done.
   * @param clients the oldest first
   */
  victims<Client extends { readonly held: HeldShare }>(clients: Iterable<Client>): Client[] {
    const holders = Array.from(clients).filter(({ held }) => held.bytes > 0)
    const byBytes = holders.toReversed().toSorted((a, b) => b.held.bytes - a.held.bytes)
    let left = this.#total
    let count = 0
    while (left > HELD_BYTES_AFTER && count < byBytes.length) left -= byBytes[count++]!.held.bytes
    return byBytes.slice(0, count)
  }
}

/** What is kept for one client. */
export class HeldShare {
  readonly #held: HeldBytes
  bytes = 0

  constructor(held: HeldBytes) {
    this.#held = held
  }

  /** So many bytes are kept by now. When that is too much for all clients, some are closed at once. */
  set(bytes: number): void {
    if (bytes === this.bytes) return
    const change = bytes - this.bytes
    this.bytes = bytes
    this.#held.add(change)
  }
}
