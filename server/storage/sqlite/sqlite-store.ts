import { StoreError, StoreFault } from "../errors.ts"
import type { NodeStore, StoreEvents, StoredNode, WantedIdentity } from "../node-store.ts"
import type { StoreReply, StoreRequest } from "./sqlite-worker.ts"

type Settle = (reply: StoreReply) => void

/**
 * The store on SQLite: this thread's end of the worker that has the data directory. A lock keeps
 * other processes out. Where the file system does not keep to locks, each `extend` and `close` finds
 * out whether another process has taken over.
 */
export class SqliteStore implements NodeStore {
  readonly node: StoredNode
  readonly #link: WorkerLink
  #events: StoreEvents | undefined
  #lost: string | undefined

  private constructor(link: WorkerLink, node: StoredNode) {
    this.#link = link
    this.node = node
  }

  /** @throws StoreError */
  static async open(dataDir: string, wanted: WantedIdentity): Promise<SqliteStore> {
    const link = new WorkerLink()
    const reply = await link.ask({ kind: "open", dataDir, wanted })
    if (reply.kind === "opened") return new SqliteStore(link, reply.node)
    link.end()
    throw errorOf(reply) ?? new Error(`the storage thread answered "${reply.kind}" to "open"`)
  }

  extend(mark: number, done: (error?: Error) => void): void {
    this.#link.send({ kind: "extend", mark }, (reply) => done(this.#errorOf(reply)))
  }

  watch(events: StoreEvents): void {
    this.#events = events
    if (this.#lost !== undefined) events.lost(this.#lost)
  }

  async close(mark: number | undefined): Promise<void> {
    const reply = await this.#link.ask({ kind: "close", mark })
    this.#link.end()
    const error = this.#errorOf(reply)
    if (error !== undefined) throw error
  }

  /** Tells of the loss of the identity if that is what the reply is. */
  #errorOf(reply: StoreReply): StoreError | undefined {
    const error = errorOf(reply)
    if (error?.fault === StoreFault.LOST && this.#lost === undefined) {
      this.#lost = error.message
      this.#events?.lost(error.message)
    }
    return error
  }
}

function errorOf(reply: StoreReply): StoreError | undefined {
  return reply.kind === "failed" ? new StoreError(reply.fault, reply.message) : undefined
}

/** Requests to the worker and their replies, which come in the same order. */
class WorkerLink {
  readonly #worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url).href)
  readonly #pending: Settle[] = []
  #broken: StoreReply | undefined

  constructor() {
    this.#worker.onmessage = (event: MessageEvent<StoreReply>) => {
      this.#pending.shift()?.(event.data)
    }
    this.#worker.onerror = (event) => {
      const message = `the storage thread ended: ${event.message}; restart the node`
      this.#broken = { kind: "failed", fault: StoreFault.UNUSABLE, message }
      for (const settle of this.#pending.splice(0)) settle(this.#broken)
    }
  }

  send(request: StoreRequest, settle: Settle): void {
    if (this.#broken !== undefined) {
      settle(this.#broken)
      return
    }
    this.#pending.push(settle)
    this.#worker.postMessage(request)
  }

  ask(request: StoreRequest): Promise<StoreReply> {
    return new Promise((settle) => this.send(request, settle))
  }

  end(): void {
    this.#worker.terminate()
  }
}
