import fc from "fast-check"
import { BURST_MS } from "../../../server/generator/generator.ts"
import type { Votes } from "../../../server/generator/trusted-clock.ts"
import { IssueOracle } from "../../support/issue-oracle.ts"
import type { IssueSite } from "../../support/issue-oracle.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import type { Latency } from "../../support/memory-store.ts"
import { NODE_ID, VirtualNode } from "../../support/virtual-node.ts"
import type { Block, Refusal } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

/** Something that happens to a node, or that is asked of it. */
export type Step =
  | { readonly kind: "pass" | "jump"; readonly ms: number }
  | { readonly kind: "strobe"; readonly ms: number; readonly times: number }
  | { readonly kind: "take"; readonly counts: readonly number[] }
  | { readonly kind: "saturate"; readonly count: number }
  | { readonly kind: "disk"; readonly latency: Latency; readonly failing: boolean }
  | { readonly kind: "crash"; readonly writeReachedDisk: boolean }
  | { readonly kind: "votes"; readonly agreeing: number; readonly contradicting: number }
  | { readonly kind: "look" | "settle" | "stop" }

const HOUR_MS = 3_600_000
/** Enough to see a burst end, and the time stand then; a burst is 11 of the largest blocks. */
const SATURATION_BLOCKS = 40

const jumps = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -15_000, max: 15_000 }),
  fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }),
)
const passages = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 25, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: HOUR_MS }) },
)

/** @param countMax the most ids in one take */
export function steps(countMax: number): Record<"clock" | "disk" | "life", fc.Arbitrary<Step>> {
  const counts = fc.oneof(
    fc.integer({ min: 1, max: Math.min(3, countMax) }),
    fc.integer({ min: 1, max: countMax }),
  )
  return {
    clock: fc.oneof(
      fc.record({ kind: fc.constant("pass" as const), ms: passages }),
      fc.record({ kind: fc.constant("jump" as const), ms: jumps }),
      fc.record({
        kind: fc.constant("strobe" as const),
        ms: jumps,
        times: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({
        kind: fc.constant("take" as const),
        counts: fc.array(counts, { minLength: 1, maxLength: 20 }),
      }),
      fc.record({ kind: fc.constant("saturate" as const), count: counts }),
      fc.record({ kind: fc.constant("look" as const) }),
      fc.record({
        kind: fc.constant("votes" as const),
        agreeing: fc.integer({ min: 0, max: 2 }),
        contradicting: fc.integer({ min: 0, max: 2 }),
      }),
    ),
    disk: fc.oneof(
      fc.record({
        kind: fc.constant("disk" as const),
        latency: fc.oneof(
          fc.constantFrom<Latency>("at once", "hangs"),
          fc.integer({ min: 0, max: 3_000 }),
        ),
        failing: fc.boolean(),
      }),
      fc.record({ kind: fc.constant("settle" as const) }),
    ),
    life: fc.oneof(
      fc.record({ kind: fc.constant("crash" as const), writeReachedDisk: fc.boolean() }),
      fc.record({ kind: fc.constant("stop" as const) }),
    ),
  }
}

/**
 * Leads a node through the steps and holds every answer against what must be true of it. Throws at
 * the first answer of which it is not true.
 */
export class Life {
  readonly node: VirtualNode
  readonly store: MemoryStore
  readonly environment: VirtualEnvironment
  readonly blocks: Block[] = []
  readonly refusals: Refusal[] = []
  /** What its peers say of its clock. */
  votes: Votes = { agreeing: 0, contradicting: 0 }
  /** It has not looked at its clock yet. */
  isStarting = true
  readonly #oracle: IssueOracle

  constructor(seed: number) {
    this.environment = new VirtualEnvironment(SOME_TIME, seed)
    this.store = new MemoryStore(this.environment)
    this.node = new VirtualNode({ environment: this.environment, store: this.store })
    const { maxLeadMs: maxClockLeadMs, maxLagMs: maxClockLagMs } = this.node
    const limits = { maxClockLeadMs, maxClockLagMs }
    this.#oracle = new IssueOracle(siteOf(this), limits, (promise) => {
      throw new Error(promise)
    })
    this.#started(0)
  }

  do(step: Step): void {
    switch (step.kind) {
      case "pass":
        return this.environment.advance(step.ms)
      case "jump":
        return this.environment.stepWall(step.ms)
      case "strobe":
        return this.#strobe(step.ms, step.times)
      case "take":
        return this.#takeEach(step.counts)
      case "saturate":
        return this.#takeEach(Array<number>(SATURATION_BLOCKS).fill(step.count))
      case "look":
        return this.#look()
      case "votes":
        this.votes = step
        return undefined
      case "disk":
        this.store.latency = step.latency
        this.store.failure = step.failing ? new Error("disk full") : undefined
        return undefined
      case "settle":
        return this.store.settle()
      case "crash":
        return this.#started(this.node.crash(step.writeReachedDisk))
      case "stop":
        return this.#started(this.node.stopAndStart())
      default:
        return step satisfies never
    }
  }

  #strobe(ms: number, times: number): void {
    for (let i = 0; i < times; i++) {
      this.environment.stepWall(i % 2 === 0 ? ms : -ms)
      this.#takeEach([4_096, 1])
    }
  }

  #look(): void {
    this.node.look(this.votes)
    this.#oracle.wallRead()
  }

  #started(mark: number): void {
    this.isStarting = true
    this.#oracle.started(mark)
    this.#oracle.wallRead()
    this.isStarting = false
  }

  #takeEach(counts: readonly number[]): void {
    const wall = this.environment.time
    this.node.begin()
    this.#oracle.wallRead()
    for (const count of counts) {
      const outcome = this.node.takeOnly(count)
      if (typeof outcome === "string") {
        this.#checkRefusal(outcome, wall)
        break
      }
      this.#oracle.issued(outcome)
      this.blocks.push(outcome)
    }
  }

  #checkRefusal(outcome: Refusal, wall: number): void {
    const { generator, maxLeadMs } = this.node
    this.refusals.push(outcome)
    if (outcome === "WAIT") {
      const { waitMs } = generator
      if (!(waitMs >= 1 && waitMs <= BURST_MS)) fail(`told to wait ${waitMs} ms`, outcome)
    }
    if (outcome === "CLOCK_BEHIND") {
      const left = this.#time(wall) - wall - maxLeadMs
      if (left <= 0) fail("though the clock is not that far behind", outcome)
      if (generator.refusalDetail !== left) fail(`${generator.refusalDetail}, not ${left}`, outcome)
    }
  }

  /** Where the node's time stands; only to be asked while it is ahead of the wall clock. */
  #time(wall: number): number {
    return wall + this.node.generator.leadMs
  }
}

function siteOf(life: Life): IssueSite {
  const { environment, store } = life
  return {
    nodeId: NODE_ID,
    get isStarting() {
      return life.isStarting
    },
    isWitnessed() {
      return life.votes.agreeing > life.votes.contradicting
    },
    get wall() {
      return environment.time
    },
    get monotonicMs() {
      return environment.monotonicMs()
    },
    get durableMark() {
      return store.mark
    },
    get knownMark() {
      return store.mark
    },
  }
}

function fail(what: string, about: unknown): never {
  throw new Error(`${what}: ${Bun.inspect(about)}`)
}
