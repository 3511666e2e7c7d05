import type { Environment } from "./environment.ts"
import type { NodeMetricSources } from "./node-metrics.ts"
import type { NodeStatus } from "./node-status.ts"
import { Status } from "../protocol/index.ts"
import { DIALECT_NAMES } from "./transport/dialect-kind.ts"
import { EventHub, eventBytes } from "./transport/http/event-hub.ts"
import type { Watcher } from "./transport/http/event-hub.ts"
import type { EventSource } from "./transport/http/event-stream.ts"
import type { RequestCount } from "./transport/request-counts.ts"

const EVERY_MS = 1_000
/** Ten minutes. */
const HISTORY_MAX = 600

/** What an event tells. It has no ids in it. */
interface View {
  readonly status: NodeStatus
  readonly uptimeSeconds: number
  /** Of the last second. */
  readonly idsPerSecond: number
  /** Ids a second, the oldest first; only in the first event. */
  readonly history?: readonly number[]
  readonly requests: readonly RequestCount[]
  /** Open connections by what they speak. */
  readonly connections: Readonly<Record<string, number>>
  readonly maxConnections: number
  readonly headroomMs: number
  /** Ids requests that other nodes have answered, by their ids. */
  readonly forwarded: Readonly<Record<string, number>>
}

/** What the page of a node shows, second by second. */
export class LiveView implements EventSource {
  readonly #sources: NodeMetricSources
  readonly #status: () => NodeStatus
  readonly #environment: Environment
  readonly #hub = new EventHub()
  readonly #history: number[] = []
  readonly #startMs: number
  #lookedAtMs: number
  #issued = 0

  constructor(sources: NodeMetricSources, status: () => NodeStatus, environment: Environment) {
    this.#sources = sources
    this.#status = status
    this.#environment = environment
    this.#startMs = this.#lookedAtMs = environment.monotonicMs()
  }

  /** To be called several times a second. */
  look(): void {
    const nowMs = this.#environment.monotonicMs()
    const passedMs = nowMs - this.#lookedAtMs
    if (passedMs < EVERY_MS) return
    const { issued } = this.#sources.ids.generator
    this.#history.push(Math.round(((issued - this.#issued) * 1_000) / passedMs))
    if (this.#history.length > HISTORY_MAX) this.#history.shift()
    this.#issued = issued
    this.#lookedAtMs = nowMs
    if (this.#hub.isWatched) this.#hub.publish(eventBytes(this.#view(nowMs)))
  }

  first(): Uint8Array {
    const view = this.#view(this.#environment.monotonicMs())
    return eventBytes({ ...view, history: this.#history })
  }

  add(watcher: Watcher): boolean {
    return this.#hub.add(watcher)
  }

  remove(watcher: Watcher): void {
    this.#hub.remove(watcher)
  }

  /** The node stops: pages find out, and try others or again. */
  close(): void {
    this.#hub.close()
  }

  #view(nowMs: number): View {
    const { ids, requestCounts, forwardCounts, maxConnections } = this.#sources
    const answered = forwardCounts.list().filter(({ status }) => status === Status.OK)
    return {
      status: this.#status(),
      uptimeSeconds: Math.round((nowMs - this.#startMs) / 1_000),
      idsPerSecond: this.#history.at(-1) ?? 0,
      requests: requestCounts.list(),
      connections: Object.fromEntries(
        [...requestCounts.connections].map((count, kind) => [DIALECT_NAMES[kind]!, count]),
      ),
      maxConnections,
      headroomMs: ids.generator.headroomMs,
      forwarded: Object.fromEntries(answered.map(({ nodeId, count }) => [nodeId, count])),
    }
  }
}
