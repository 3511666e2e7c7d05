import { Status } from "../../protocol/index.ts"
import { within } from "./deadline.ts"
import type { Step } from "./steps.ts"
import { TcpClient, eachAnswer, requests } from "./tcp-client.ts"
import type { Answer } from "./tcp-client.ts"

export interface OrderedLoadOptions {
  readonly connections: number
  /** Requests that each connection keeps in flight. */
  readonly depth: number
  /** The request with this number of a connection, for one id at most. */
  readonly step: (number: number) => Step
}

/**
 * Clients that send a request for every answer they get, and hold each answer against the request
 * it must be for.
 */
export class OrderedLoad implements Disposable {
  /** All ids that came. */
  readonly ids: bigint[] = []
  /** Answers that cannot be the ones to their requests, the first of each connection. */
  readonly mismatches: string[] = []
  /** By status, how many answers had it. */
  readonly statuses: Map<number, number> = new Map()
  answered = 0
  /** Connections that ended without being told to. */
  lost = 0
  readonly #connections: Connection[]
  readonly #watchers = new Set<() => void>()

  private constructor(clients: readonly TcpClient[], options: OrderedLoadOptions) {
    this.#connections = clients.map((client) => new Connection(client, options, this))
  }

  static async start(address: string, options: OrderedLoadOptions): Promise<OrderedLoad> {
    const connecting = Array.from({ length: options.connections }, () => TcpClient.connect(address))
    return new OrderedLoad(await Promise.all(connecting), options)
  }

  /** Waits until every connection has got `more` answers from now on. */
  async progress(more: number): Promise<void> {
    const goals = this.#connections.map((each) => each.answered + more)
    const isThere = (): boolean => {
      return this.#connections.every(({ answered }, i) => answered >= goals[i]!)
    }
    const arrived = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (isThere()) resolve()
        else if (this.lost > 0) reject(new Error(`${this.lost} connections were lost under load`))
        else return
        this.#watchers.delete(look)
      }
      this.#watchers.add(look)
      look()
    })
    await within(`${more} more answers on every connection`, arrived)
  }

  /** Sends no more, waits for all answers and closes. */
  async stop(): Promise<void> {
    await within("the last answers", Promise.all(this.#connections.map((each) => each.stop())))
  }

  /** Waits until the node has closed every connection. */
  async closed(): Promise<void> {
    const closing = this.#connections.map(({ client }) => client.closed)
    await within("the end of every connection", Promise.all(closing))
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#connections) client[Symbol.dispose]()
  }

  take({ status, value }: Answer): void {
    this.answered++
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (status === Status.OK) this.ids.push(value)
  }

  look(): void {
    for (const look of this.#watchers) look()
  }
}

class Connection {
  readonly client: TcpClient
  answered = 0
  readonly #step: (number: number) => Step
  readonly #load: OrderedLoad
  /** Asked and not answered yet, oldest first. */
  #awaited: Step[] = []
  #head = 0
  #asked = 0
  #due: number
  #isWrong = false
  #stopping = false
  readonly #idle = Promise.withResolvers<void>()

  constructor(client: TcpClient, { depth, step }: OrderedLoadOptions, load: OrderedLoad) {
    this.client = client
    this.#step = step
    this.#load = load
    this.#due = depth
    client.receiver = {
      takeFrames: eachAnswer((answer) => this.#take(answer)),
      ended: () => this.#ended(),
    }
    this.#sendDue()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#inFlight > 0) await this.#idle.promise
    await this.client.halfClose()
    await this.client.closed
  }

  get #inFlight(): number {
    return this.#awaited.length - this.#head
  }

  #take(answer: Answer): void {
    const step = this.#awaited[this.#head++]
    const mismatch = step === undefined ? "more answers than requests" : step.mismatch(answer)
    if (mismatch !== undefined && !this.#isWrong) {
      this.#isWrong = true
      this.#load.mismatches.push(`answer ${this.answered}: ${mismatch}`)
    }
    this.answered++
    this.#load.take(answer)
    if (this.#stopping) {
      if (this.#inFlight === 0) this.#idle.resolve()
      return
    }
    this.#due++
    // One write for all the answers of a chunk.
    if (this.#due === 1) queueMicrotask(() => this.#sendDue())
  }

  #ended(): void {
    if (!this.#stopping || this.#inFlight > 0) this.#load.lost++
    this.#idle.resolve()
    this.#load.look()
  }

  #sendDue(): void {
    const steps = Array.from({ length: this.#due }, () => this.#step(this.#asked++))
    this.#due = 0
    this.#awaited = [...this.#awaited.slice(this.#head), ...steps]
    this.#head = 0
    void this.client.send(requests(steps.map(({ request }) => request)))
    this.#load.look()
  }
}
