import type { Call } from "./call.ts"
import { FirnError } from "./errors.ts"

interface Watched {
  readonly calls: Set<Call>
  readonly listener: () => void
}

/** Ends calls whose signal is aborted. One listener a signal, however many calls it has. */
export class AbortListeners {
  readonly #watched = new Map<AbortSignal, Watched>()

  add(signal: AbortSignal, call: Call): void {
    const { calls } = this.#watched.get(signal) ?? this.#watch(signal)
    calls.add(call)
  }

  delete(signal: AbortSignal, call: Call): void {
    const watched = this.#watched.get(signal)
    if (watched === undefined) return
    watched.calls.delete(call)
    if (watched.calls.size > 0) return
    signal.removeEventListener("abort", watched.listener)
    this.#watched.delete(signal)
  }

  #watch(signal: AbortSignal): Watched {
    const calls = new Set<Call>()
    const listener = (): void => {
      const error = abortError(signal)
      for (const call of calls) call.fail(error)
    }
    const watched = { calls, listener }
    signal.addEventListener("abort", listener)
    this.#watched.set(signal, watched)
    return watched
  }
}

export function abortError(signal: AbortSignal): FirnError {
  return new FirnError("ABORTED", "the call's signal was aborted", { cause: signal.reason })
}
