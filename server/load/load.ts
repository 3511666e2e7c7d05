import type { Environment } from "../environment.ts"
import { counterOf } from "./answers.ts"
import { ClosedLoop } from "./closed-loop.ts"
import { Latencies } from "./latencies.ts"
import { LoadConnection } from "./load-connection.ts"
import type { Loop } from "./loop.ts"
import { OpenLoop } from "./open-loop.ts"
import { patternOf } from "./requests.ts"
import type { Workload } from "./workload.ts"

/** Connections that are being opened at one time: servers have room for 512 in their backlog. */
const OPENING_MAX = 128
/** How far from each other connections begin in the pattern; a prime. */
const PATTERN_STRIDE = 1_327

/** A load on servers, all of its connections open until it is disposed of. */
export class Load implements Disposable {
  /** Of the requests answered since `measure`. */
  readonly latencies: Latencies = new Latencies()
  /** Rejects when a server closes a connection. */
  readonly lost: Promise<never>
  readonly #connections: LoadConnection[] = []
  readonly #onLost: (error: Error) => void
  #loop: Loop | undefined

  private constructor() {
    const { promise, reject } = Promise.withResolvers<never>()
    this.lost = promise
    this.#onLost = reject
    // Whoever opens connections waits for those first.
    promise.catch(() => {})
  }

  /**
   * Opens the connections.
   * @throws InputError when there can be no such requests; Error when a connection cannot be opened
   */
  static async open(workload: Workload, environment: Environment): Promise<Load> {
    const load = new Load()
    try {
      await load.#openAll(workload)
      load.#loop = loopOf(workload, load.#connections, load.latencies, environment)
      return load
    } catch (error) {
      load[Symbol.dispose]()
      throw error
    }
  }

  /** Requests answered between `measure` and `stop`. */
  get answered(): number {
    return this.#loop?.answered ?? 0
  }

  /** Answers since `start` that were refusals. */
  get refused(): number {
    return this.#connections.reduce((sum, { counter }) => sum + counter.refused, 0)
  }

  /** What one of them said. */
  get refusal(): string | undefined {
    return this.#connections.find(({ counter }) => counter.refused > 0)?.counter.refusal
  }

  start(): void {
    this.#loop?.start()
  }

  /** Counts from now on, and not what was before. */
  measure(): void {
    this.#loop?.measure()
  }

  /** Ends the measuring; resolves when all that belongs to it has been counted. */
  async stop(): Promise<void> {
    await Promise.race([this.#loop?.stop(), this.lost])
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close()
  }

  async #openAll(workload: Workload): Promise<void> {
    const pattern = patternOf(workload)
    const { servers, tls, connections } = workload
    while (this.#connections.length < connections) {
      const before = this.#connections.length
      const opening = Array.from({ length: Math.min(OPENING_MAX, connections - before) }, (_, i) =>
        LoadConnection.open({
          server: servers[(before + i) % servers.length]!,
          tls,
          pattern,
          counter: counterOf(workload),
          first: (before + i) * PATTERN_STRIDE,
          onLost: this.#onLost,
        }),
      )
      this.#connections.push(...(await Promise.all(opening)))
    }
  }
}

function loopOf(
  { depth, ratePerSecond, burst }: Workload,
  connections: readonly LoadConnection[],
  latencies: Latencies,
  environment: Environment,
): Loop {
  return ratePerSecond === undefined
    ? new ClosedLoop(connections, depth, latencies, environment)
    : new OpenLoop(connections, { depth, ratePerSecond, burst }, latencies, environment)
}
