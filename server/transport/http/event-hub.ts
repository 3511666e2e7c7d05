/** As many pages can watch a node at a time. */
export const WATCHERS_MAX = 64

/** Whoever watches: told of each event as it is sent, one at a time. */
export interface Watcher {
  /** One that has not taken the last event in takes no other. */
  event(bytes: Uint8Array): void
  /** There will be no more. */
  ended(): void
}

/** Server-sent events for pages: all watchers get the same bytes. */
export class EventHub {
  readonly #watchers = new Set<Watcher>()
  #isClosed = false

  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  /** @returns false when there are as many as there may be, or no more events */
  add(watcher: Watcher): boolean {
    if (this.#isClosed || this.#watchers.size >= WATCHERS_MAX) return false
    this.#watchers.add(watcher)
    return true
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  publish(bytes: Uint8Array): void {
    for (const watcher of this.#watchers) watcher.event(bytes)
  }

  /** Ends all of them; nobody may come any more. */
  close(): void {
    this.#isClosed = true
    for (const watcher of this.#watchers) watcher.ended()
    this.#watchers.clear()
  }
}

/** An event as https://html.spec.whatwg.org/multipage/server-sent-events.html has it, of one line of JSON. */
export function eventBytes(value: object): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify(value)}\n\n`)
}
