import { DEFAULT_EPOCH_MS, Status } from "../../protocol/index.ts"
import { AnswerSlot, Outcome as Taken } from "../../server/exchange.ts"
import { Generator } from "../../server/generator/generator.ts"
import { Reservation, reservedUpTo } from "../../server/generator/reservation.ts"
import { TrustedClock } from "../../server/generator/trusted-clock.ts"
import type { Votes } from "../../server/generator/trusted-clock.ts"
import { idBlock } from "./id-block.ts"
import type { IdBlock } from "./id-block.ts"
import { MemoryStore } from "./memory-store.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"

export const NODE_ID = 7
export const MAX_LEAD_MS = 10_000
export const MAX_LAG_MS = 1_000

/** How often an idle node looks at its clock. */
const TICK_MS = 250
const NO_VOTES: Votes = { agreeing: 0, contradicting: 0 }

export interface Block extends IdBlock {
  readonly first: bigint
  readonly last: bigint
}

export type Refusal = "WAIT" | "CLOCK_BEHIND" | "NOT_READY"
export type Outcome = Block | Refusal

interface Settings {
  readonly environment?: VirtualEnvironment
  readonly store?: MemoryStore
  readonly maxLeadMs?: number
  readonly maxLagMs?: number
}

/** A generator with its reservation, in virtual time. */
export class VirtualNode {
  readonly environment: VirtualEnvironment
  readonly store: MemoryStore
  readonly events: string[] = []
  readonly maxLeadMs: number
  readonly maxLagMs: number
  clock: TrustedClock
  generator: Generator

  constructor(settings: Settings = {}) {
    const { environment, store, maxLeadMs = MAX_LEAD_MS, maxLagMs = MAX_LAG_MS } = settings
    this.environment = environment ?? new VirtualEnvironment()
    this.store = store ?? new MemoryStore(this.environment)
    this.maxLeadMs = maxLeadMs
    this.maxLagMs = maxLagMs
    this.clock = this.#createClock()
    this.generator = this.#start()
  }

  /** Dies and starts anew. @returns the mark it found */
  crash(writeReachedDisk = false): number {
    const { store } = this
    store.crash(writeReachedDisk)
    const { mark } = store
    this.clock = this.#createClock()
    this.generator = this.#start()
    return mark
  }

  /** Dies and starts anew with a clock that most peers contradict. @returns the mark it found */
  crashContradicted(): number {
    const { store } = this
    store.crash()
    const { mark } = store
    this.clock = this.#createClock({ agreeing: 0, contradicting: 1 })
    this.generator = this.#createGenerator(mark, mark)
    return mark
  }

  /** Stops in order and starts anew. @returns the mark it found */
  stopAndStart(): number {
    const mark = this.generator.stop()
    if (this.store.failure === undefined) this.store.mark = mark
    return this.crash()
  }

  begin(): void {
    this.generator.begin()
  }

  /** What a node does a few times a second: looks at the clock, and at what its peers say of it. */
  look(votes: Votes = NO_VOTES): Status {
    const refusal = this.generator.refusal()
    this.clock.judge(votes)
    return refusal
  }

  /** Lets time pass as it does for a node that nobody asks. */
  idle(ms: number, votes: Votes = NO_VOTES): void {
    for (let left = ms; left > 0; left -= TICK_MS) {
      this.environment.advance(Math.min(left, TICK_MS))
      this.look(votes)
    }
  }

  /** Takes once, without reading the clock. */
  takeOnly(count = 1): Outcome {
    const answer = new AnswerSlot()
    const status = this.generator.take(count, answer)
    if (status === Taken.WAIT) return "WAIT"
    if (status === Status.OK) return blockOf(answer.high, answer.low, count)
    if (status === Status.CLOCK_BEHIND) return "CLOCK_BEHIND"
    if (status === Status.NOT_READY) return "NOT_READY"
    throw new Error(`status ${status}`)
  }

  /** Reads the clock and takes. */
  take(count = 1): Outcome {
    this.begin()
    return this.takeOnly(count)
  }

  /** Reads the clock and takes. @throws Error when no ids are given out */
  takeBlock(count = 1): Block {
    const outcome = this.take(count)
    if (typeof outcome === "string") throw new Error(`${outcome} and no ids`)
    return outcome
  }

  /** Reads the clock and takes until there are no more ids, or `limit` blocks. */
  takeAll(count: number, limit = 1_000_000): { blocks: Block[]; end: Refusal | undefined } {
    const blocks: Block[] = []
    this.begin()
    while (blocks.length < limit) {
      const outcome = this.takeOnly(count)
      if (typeof outcome === "string") return { blocks, end: outcome }
      blocks.push(outcome)
    }
    return { blocks, end: undefined }
  }

  #createClock(votes = NO_VOTES): TrustedClock {
    const { environment, store, maxLeadMs } = this
    const clock = new TrustedClock(environment, maxLeadMs, DEFAULT_EPOCH_MS + store.mark - 1)
    clock.read()
    clock.judge(votes, 0)
    return clock
  }

  /** As `FirnNode.start` does it; the first write succeeds, however the store is set. */
  #start(): Generator {
    const { clock, store } = this
    const { mark } = store
    store.mark = reservedUpTo(clock.read() - DEFAULT_EPOCH_MS, mark)
    return this.#createGenerator(mark, store.mark)
  }

  /** @param mark the one that was found; `bound` is the one that is stored now */
  #createGenerator(mark: number, bound: number): Generator {
    const { environment, clock, store, events, maxLeadMs, maxLagMs } = this
    const reservation = new Reservation(bound, store, environment, {
      failed: (error) => events.push(`failed: ${error.message}`),
      recovered: () => events.push("recovered"),
    })
    return new Generator({
      nodeId: NODE_ID,
      epochMs: DEFAULT_EPOCH_MS,
      mark,
      reservation,
      maxClockLeadMs: maxLeadMs,
      maxClockLagMs: maxLagMs,
      clock,
      environment,
    })
  }
}

function blockOf(high: number, low: number, count: number): Block {
  const first = BigInt(high) * 4_294_967_296n + BigInt(low)
  return { first, last: first + BigInt(count) - 1n, ...idBlock(high, low, count) }
}
