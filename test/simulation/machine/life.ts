import type { Giver } from "../checks/claims.ts"
import type { FirnNode } from "../../../server/node.ts"
import { IssueOracle } from "../../support/issue-oracle.ts"
import type { ClockLimits, IssueSite } from "../../support/issue-oracle.ts"
import type { Clock } from "./clock.ts"
import type { DiskStore } from "./disk-store.ts"
import { Process } from "./process.ts"
import type { World } from "../world.ts"

/** What a life is made of. */
export interface LifeParts {
  readonly world: World
  readonly nodeId: number
  readonly epochMs: number
  readonly limits: ClockLimits
  readonly clock: Clock
  /** Whether another node's clock has lately shown this time or a later one. */
  readonly isWitnessed: (time: number) => boolean
  /** Hears of every look at the wall clock. */
  readonly wallRead: (life: Life) => void
  /** How many its node has had before. */
  readonly number: number
  /** Earlier ones that have been overtaken before they served: either may be the first to claim. */
  readonly rivals: readonly Life[]
}

/** One process of a node, from its start to its end, and what may be said of the ids it gives out. */
export class Life implements IssueSite, Giver {
  readonly nodeId: number
  readonly process: Process
  readonly issued: IssueOracle
  store: DiskStore | undefined
  node: FirnNode | undefined
  /** Another process was started in its place, and it lives on. */
  isOvertaken = false
  endedAtMs: number = Infinity
  readonly #clock: Clock
  readonly #epochMs: number
  readonly #isWitnessed: (time: number) => boolean
  readonly #number: number
  readonly #rivals: readonly Giver[]

  constructor(parts: LifeParts) {
    const { world, nodeId, clock } = parts
    this.nodeId = nodeId
    this.#clock = clock
    this.#epochMs = parts.epochMs
    this.#isWitnessed = parts.isWitnessed
    this.#number = parts.number
    this.#rivals = parts.rivals
    this.issued = new IssueOracle(this, parts.limits, (promise) => world.breaks(promise))
    this.process = new Process(world, nodeId, clock, () => {
      this.issued.wallRead()
      parts.wallRead(this)
    })
  }

  isAfter(other: Life): boolean {
    return this.#number > other.#number && !this.#rivals.includes(other)
  }

  get wall(): number {
    return this.#clock.wallMs - this.#epochMs
  }

  get monotonicMs(): number {
    return this.#clock.monotonicMs
  }

  get isStarting(): boolean {
    return this.node === undefined
  }

  isWitnessed(time: number): boolean {
    return this.#isWitnessed(time)
  }

  get durableMark(): number {
    return this.store?.durableMark ?? 0
  }

  get knownMark(): number {
    return this.store?.knownMark ?? 0
  }
}
