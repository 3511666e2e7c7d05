import { LOCAL } from "../../client-sdk/call-options.ts"
import { Call } from "../../client-sdk/call.ts"
import { FirnError } from "../../client-sdk/errors.ts"
import type { Halves } from "../../client-sdk/halves.ts"
import { Prefetch } from "../../client-sdk/prefetch.ts"
import { halvesToNumber } from "../../protocol/index.ts"
import { VirtualClientEnvironment } from "./virtual-client-environment.ts"

/** A request for a block that has not been answered. */
interface Fetch {
  readonly count: number
  readonly askedAtMs: number
  readonly block: PromiseWithResolvers<Halves>
}

/** Ids fetched ahead in virtual time, by requests that a test answers. */
export class Prefetching {
  readonly environment: VirtualClientEnvironment = new VirtualClientEnvironment()
  readonly prefetch: Prefetch
  /** Requests that are not answered, oldest first. */
  readonly fetches: Fetch[] = []
  /** Calls that were told to send a request of their own, in order. */
  readonly dispatched: Call[] = []

  constructor(size: number, ttlMs: number) {
    this.prefetch = new Prefetch({
      size,
      ttlMs,
      environment: this.environment,
      fetch: (count) => {
        const block = Promise.withResolvers<Halves>()
        this.fetches.push({ count, askedAtMs: this.environment.monotonicMs(), block })
        return block.promise
      },
      dispatch: (call) => void this.dispatched.push(call),
    })
  }

  /** How many ids each open request asks for. */
  get asked(): number[] {
    return this.fetches.map(({ count }) => count)
  }

  /** Takes an id, undefined when there is none. */
  take(): number | undefined {
    const { prefetch } = this
    return prefetch.take() ? halvesToNumber(prefetch.high, prefetch.low) : undefined
  }

  /** A call that waits for an id. */
  wait(timeoutMs = 1_000): Call<number> {
    const options = { target: LOCAL, timeoutMs, signal: undefined }
    const observer = { settled: (settled: Call): void => settled.place?.delete(settled) }
    const deadlineMs = this.environment.monotonicMs() + timeoutMs
    const call = new Call(options, 1, deadlineMs, halvesToNumber, observer)
    this.prefetch.wait(call)
    return call
  }

  /** Answers the request at `index` with a block that begins at `first`. */
  async answer(first: number, index = 0): Promise<void> {
    this.fetches.splice(index, 1)[0]!.block.resolve({ high: 0, low: first })
    await this.pass(0)
  }

  async fail(index = 0): Promise<void> {
    this.fetches.splice(index, 1)[0]!.block.reject(new FirnError("TIMEOUT", "for a test"))
    await this.pass(0)
  }

  async pass(ms: number): Promise<void> {
    await this.environment.pass(ms)
  }

  close(): void {
    this.prefetch.close(new FirnError("CLOSED", "for a test"))
  }
}
