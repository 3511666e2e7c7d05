import { Status } from "../../protocol/index.ts"
import { within } from "./deadline.ts"
import { TcpClient, requests } from "./tcp-client.ts"
import type { Answer, RequestFields } from "./tcp-client.ts"

export interface LoadOptions {
  readonly connections: number
  /** Requests that each connection keeps in flight. */
  readonly depth: number
  /** Ids a request. */
  readonly count?: number
}

/** Clients that send a request for every answer they get, until told to stop or cut off. */
export class Load implements Disposable {
  readonly connections: readonly LoadConnection[]
  #waiting: { readonly total: number; readonly resolve: () => void } | undefined

  private constructor(clients: readonly TcpClient[], { depth, count = 1 }: LoadOptions) {
    this.connections = clients.map((client) => {
      return new LoadConnection(client, { count }, depth, () => this.#look())
    })
  }

  static async start(address: string, options: LoadOptions): Promise<Load> {
    const connecting = Array.from({ length: options.connections }, () => TcpClient.connect(address))
    return new Load(await Promise.all(connecting), options)
  }

  /** The ids of each connection, in the order they came. */
  get ids(): readonly (readonly bigint[])[] {
    return this.connections.map((connection) => connection.ids)
  }

  get total(): number {
    return this.connections.reduce((sum, { ids }) => sum + ids.length, 0)
  }

  /** How many answers were not OK. */
  get refused(): number {
    return this.connections.reduce((sum, { refused }) => sum + refused, 0)
  }

  /** Waits until `more` ids have come from now on. */
  async receive(more: number): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#waiting = { total: this.total + more, resolve }
      this.#look()
    })
    await within(`${more} more ids under load`, arrived)
  }

  /** Sends no more, waits for the answers under way and closes. */
  async stop(): Promise<void> {
    await within("the last answers", Promise.all(this.connections.map((each) => each.stop())))
  }

  /** Waits until the node has closed every connection; the errors of those that were reset. */
  async closed(): Promise<(Error | undefined)[]> {
    const closing = this.connections.map(({ client }) => client.closed)
    return await within("the end of every connection", Promise.all(closing))
  }

  [Symbol.dispose](): void {
    for (const { client } of this.connections) client[Symbol.dispose]()
  }

  #look(): void {
    if (this.#waiting === undefined || this.total < this.#waiting.total) return
    this.#waiting.resolve()
    this.#waiting = undefined
  }
}

class LoadConnection {
  readonly client: TcpClient
  readonly ids: bigint[] = []
  refused = 0
  lastRefusal: Answer | undefined
  readonly #request: Required<Pick<RequestFields, "count">>
  readonly #onAnswers: () => void
  #inFlight = 0
  #due: number
  #stopping = false
  #idle = Promise.withResolvers<void>()

  constructor(
    client: TcpClient,
    request: Required<Pick<RequestFields, "count">>,
    depth: number,
    onAnswers: () => void,
  ) {
    this.client = client
    this.#request = request
    this.#onAnswers = onAnswers
    this.#due = depth
    client.receiver = { take: (answer) => this.#take(answer), ended: () => this.#idle.resolve() }
    this.#sendDue()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#inFlight > 0) await this.#idle.promise
    await this.client.halfClose()
    await this.client.closed
  }

  #take({ status, value }: Answer): void {
    this.#inFlight -= 1
    if (status === Status.OK) {
      for (let i = 0; i < this.#request.count; i++) this.ids.push(value + BigInt(i))
    } else {
      this.refused += 1
      this.lastRefusal = { status, value }
    }
    if (this.#stopping) {
      if (this.#inFlight === 0) this.#idle.resolve()
      return
    }
    this.#due += 1
    // One write for all the answers of a chunk.
    if (this.#due === 1) queueMicrotask(() => this.#sendDue())
  }

  #sendDue(): void {
    const list = Array.from({ length: this.#due }, () => this.#request)
    this.#inFlight += this.#due
    this.#due = 0
    void this.client.send(requests(list))
    this.#onAnswers()
  }
}
