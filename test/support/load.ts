import {
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  responseHigh,
  responseLow,
  responseStatus,
} from "../../protocol/index.ts"
import { within } from "./deadline.ts"
import type { IdFile } from "./id-file.ts"
import type { IdRecord } from "./id-record.ts"
import { TcpClient, requests } from "./tcp-client.ts"
import type { RequestFields } from "./tcp-client.ts"

export interface LoadOptions extends Pick<RequestFields, "op" | "count"> {
  readonly connections: number
  /** Requests that each connection keeps in flight. */
  readonly depth: number
  /** Where the ids are recorded. */
  readonly record: IdRecord
  /** The node they are recorded for. */
  readonly node?: string
}

/**
 * Clients that send a request for every answer they get, until told to stop or cut off. Made for
 * millions of ids a second: no object is made for an answer.
 */
export class Load implements Disposable {
  readonly connections: readonly LoadConnection[]
  /** By status, how many answers had it; OK is not counted. */
  readonly refusals: Map<number, number> = new Map()
  #waiting: { readonly total: number; readonly resolve: () => void } | undefined

  private constructor(clients: readonly TcpClient[], options: LoadOptions) {
    this.connections = clients.map((client) => new LoadConnection(client, options, this))
  }

  static async start(address: string, options: LoadOptions): Promise<Load> {
    const connecting = Array.from({ length: options.connections }, () => TcpClient.connect(address))
    return new Load(await Promise.all(connecting), options)
  }

  /** How many ids came. */
  get total(): number {
    return this.connections.reduce((sum, { file }) => sum + file.count, 0)
  }

  /** How many answers were not OK. */
  get refused(): number {
    return this.refusals.values().reduce((sum, count) => sum + count, 0)
  }

  /** Waits until `more` ids have come from now on. */
  async receive(more: number, limitMs?: number): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#waiting = { total: this.total + more, resolve }
      this.look()
    })
    await within(`${more} more ids under load`, arrived, limitMs)
  }

  /** Sends no more, waits for the answers under way and closes. */
  async stop(): Promise<void> {
    await within("the last answers", Promise.all(this.connections.map((each) => each.stop())))
  }

  /** Waits until the node has closed every connection. @returns the error of each that was reset */
  async closed(): Promise<(Error | undefined)[]> {
    const closing = this.connections.map(({ client }) => client.closed)
    return await within("the end of every connection", Promise.all(closing))
  }

  [Symbol.dispose](): void {
    for (const { client } of this.connections) client[Symbol.dispose]()
  }

  refuse(status: number): void {
    this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1)
  }

  look(): void {
    if (this.#waiting === undefined || this.total < this.#waiting.total) return
    this.#waiting.resolve()
    this.#waiting = undefined
  }
}

class LoadConnection {
  readonly client: TcpClient
  readonly file: IdFile
  readonly #load: Load
  readonly #count: number
  /** The bytes of as many requests as are ever in flight. */
  readonly #requests: Uint8Array
  #inFlight = 0
  #due: number
  #stopping = false
  readonly #idle = Promise.withResolvers<void>()

  constructor(client: TcpClient, options: LoadOptions, load: Load) {
    const { op = Op.LOCAL, count = 1, depth, record, node = "node" } = options
    this.client = client
    this.file = record.connection(node)
    this.#load = load
    this.#count = count
    this.#requests = requests(Array(depth).fill({ op, count }))
    this.#due = depth
    client.receiver = {
      takeFrames: (view, start, end) => this.#takeFrames(view, start, end),
      ended: () => {
        this.file.close()
        this.#idle.resolve()
      },
    }
    this.#sendDue()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#inFlight > 0) await this.#idle.promise
    await this.client.halfClose()
    await this.client.closed
  }

  #takeFrames(view: DataView, start: number, end: number): void {
    for (let at = start; at < end; at += RESPONSE_SIZE) {
      const status = responseStatus(view, at)
      if (status === Status.OK) {
        this.file.add(responseHigh(view, at), responseLow(view, at), this.#count)
      } else {
        this.#load.refuse(status)
      }
    }
    const answered = (end - start) / RESPONSE_SIZE
    this.#inFlight -= answered
    if (this.#stopping) {
      if (this.#inFlight === 0) this.#idle.resolve()
      return
    }
    // One write for all the answers of a chunk.
    if (this.#due === 0) queueMicrotask(() => this.#sendDue())
    this.#due += answered
  }

  #sendDue(): void {
    const due = this.#due
    this.#inFlight += due
    this.#due = 0
    void this.client.send(this.#requests.subarray(0, due * REQUEST_SIZE))
    this.#load.look()
  }
}
