import type { Status } from "../../protocol/index.ts"

const STATUSES_SIZE = 16

/** What another node's answers came to. */
export interface ForwardCount {
  readonly nodeId: number
  readonly status: Status
  readonly count: number
}

/** What became of requests that other nodes were asked for. They only ever grow. */
export class ForwardCounts {
  /** How often another node was asked, or this one, since the one asked first gave no ids. */
  failovers = 0
  /** By node id, those that were ever asked. */
  readonly #byNode: (Float64Array | undefined)[] = []
  readonly #asked: number[] = []

  /** In the order in which they were first asked. */
  get asked(): readonly number[] {
    return this.#asked
  }

  add(nodeId: number, status: Status): void {
    let counts = this.#byNode[nodeId]
    if (counts === undefined) {
      counts = this.#byNode[nodeId] = new Float64Array(STATUSES_SIZE)
      this.#asked.push(nodeId)
    }
    counts[status]!++
  }

  /** Those that there were, in the same order. */
  list(): ForwardCount[] {
    return this.#asked.flatMap((nodeId) => {
      const counts = [...this.#byNode[nodeId]!.entries()].filter(([, count]) => count > 0)
      return counts.map(([status, count]) => ({ nodeId, status: status as Status, count }))
    })
  }
}
