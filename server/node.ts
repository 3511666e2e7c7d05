import type { Logger } from "pino"
import { Status } from "../protocol/index.ts"
import { Generator } from "./generator/generator.ts"
import { Pacer } from "./generator/pacer.ts"
import { Reservation, TIME_LIMIT, reservedUpTo } from "./generator/reservation.ts"
import { LocalNode } from "./routing/local-node.ts"
import type { Runtime, Timer } from "./runtime.ts"
import type { NodeStore } from "./storage/node-store.ts"
import type { Address } from "./transport/address.ts"
import { HttpShim } from "./transport/http-shim.ts"
import type { Unreadiness } from "./transport/http-shim.ts"
import { TcpServer } from "./transport/tcp-server.ts"

/** How often an idle node looks at its clock and its mark. */
const TICK_MS = 250

export interface NodeOptions {
  readonly tcp: Address
  /** undefined: no HTTP */
  readonly http: Address | undefined
  readonly maxClockLeadMs: number
  readonly store: NodeStore
  readonly runtime: Runtime
  readonly log: Logger
}

/** One Firn node, built out of its parts: the composition root. */
export class FirnNode {
  readonly #log: Logger
  readonly #runtime: Runtime
  readonly #store: NodeStore
  readonly #generator: Generator
  readonly #tcp: TcpServer
  readonly #http: HttpShim | undefined
  #tick: Timer | undefined
  #refusal: Status = Status.OK
  #stopping = false

  private constructor(options: NodeOptions, reservation: Reservation) {
    const { store, runtime, log } = options
    const { nodeId, epochMs, mark } = store.node
    this.#log = log
    this.#runtime = runtime
    this.#store = store
    this.#generator = new Generator({
      nodeId,
      epochMs,
      mark,
      reservation,
      maxClockLeadMs: options.maxClockLeadMs,
      runtime,
    })
    const generator = this.#generator
    const node = new LocalNode(nodeId, epochMs, generator, () => runtime.random())
    const pacer = new Pacer(runtime, () => generator.waitMs)
    this.#tcp = TcpServer.listen({ address: options.tcp, node, pacer, runtime, log })
    try {
      this.#http =
        options.http &&
        HttpShim.listen({
          address: options.http,
          node,
          pacer,
          runtime,
          unreadiness: () => this.#unreadiness(),
        })
    } catch (error) {
      void this.#tcp.stop()
      throw error
    }
    this.#watch()
  }

  /**
   * Reserves the first ids and starts to serve.
   * @throws StoreError when the mark cannot be written, ListenError when an address is taken
   */
  static async start(options: NodeOptions): Promise<FirnNode> {
    const { store, runtime, log } = options
    const bound = await firstBound(store, runtime)
    const reservation = new Reservation(bound, store, runtime, {
      failed: (error) =>
        log.error(
          { event: "mark-not-stored", err: error },
          "the mark cannot be stored: ids go on up to the one stored last",
        ),
      recovered: () => log.info({ event: "mark-stored" }, "the mark can be stored again"),
    })
    return new FirnNode(options, reservation)
  }

  get tcpAddress(): Address {
    return this.#tcp.address
  }

  get httpAddress(): Address | undefined {
    return this.#http?.address
  }

  /** Answers what has been received, stores the exact mark and lets go of the store. */
  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    this.#tick?.cancel()
    await Promise.all([this.#tcp.stop(), this.#http?.stop()])
    await this.#store.close(this.#generator.stop())
  }

  /** Keeps the mark ahead while nobody asks, and logs when ids stop or come back. */
  #watch(): void {
    const refusal = this.#generator.refusal()
    if (refusal !== this.#refusal) {
      this.#refusal = refusal
      const unreadiness = this.#unreadiness()
      if (unreadiness === undefined) this.#log.info({ event: "ready" }, "ids are given out again")
      else this.#log.error({ event: "not-ready", ...unreadiness }, unreadiness.reason)
    }
    this.#tick = this.#runtime.after(TICK_MS, () => this.#watch())
  }

  #unreadiness(): Unreadiness | undefined {
    if (this.#stopping) return { reason: "NOT_READY: this node is stopping", retryAfterMs: 0 }
    const refusal = this.#generator.refusal()
    if (refusal === Status.OK) return undefined
    const retryAfterMs = this.#generator.refusalDetail
    const reason =
      refusal === Status.CLOCK_BEHIND
        ? `CLOCK_BEHIND: the clock is ${this.#generator.leadMs} ms behind the last id; ` +
          `ids are back in ${retryAfterMs} ms`
        : `NOT_READY: ${this.#generator.ended ? "the time field is used up" : "the mark cannot be stored"}`
    return { reason, retryAfterMs }
  }
}

/** Stores the first mark. A disk so slow that the clock has passed it meanwhile is asked again. */
async function firstBound(store: NodeStore, runtime: Runtime): Promise<number> {
  const { mark, epochMs } = store.node
  for (;;) {
    const bound = reservedUpTo(runtime.wallMs() - epochMs, mark)
    await new Promise<void>((resolve, reject) => {
      store.extend(bound, (error) => (error === undefined ? resolve() : reject(error)))
    })
    if (bound >= TIME_LIMIT || bound > runtime.wallMs() - epochMs) return bound
  }
}
