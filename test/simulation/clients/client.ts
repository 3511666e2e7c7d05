import { Status } from "../../../protocol/index.ts"
import type { PeerSocket } from "../../../server/net/dial.ts"
import type { AnswerOracle, Sent } from "../checks/answer-oracle.ts"
import type { End } from "../network/end.ts"
import type { Gate } from "../network/gate.ts"
import type { Network } from "../network/network.ts"
import type { Request } from "./requests.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import { CLIENTS } from "../world.ts"
import type { World } from "../world.ts"

export interface ClientParts {
  readonly world: World
  readonly network: Network
  readonly answers: AnswerOracle
}

/** Hears what came of a request: the node whose ids were given, or undefined, and the status. */
export type Answered = (sent: Sent, status: number, node: number | undefined) => void

const gate: Gate = { isAlive: true, enter: (run) => run() }
const NOTHING = new Uint8Array(0)

/**
 * A client with one connection at a time: what it sends, in order, and what it must be answered, in
 * that order. What requests and answers look like is up to the subclasses.
 */
export abstract class Client {
  /** Sent and not yet answered, the oldest first. */
  readonly pending: Sent[] = []
  protected readonly parts: ClientParts
  entry: SimulatedNode | undefined
  #end: End | undefined
  /** The connection that is open or being opened. Late events of earlier ones are ignored. */
  #connection: object | undefined
  #isEnding = false
  /** What the socket has not taken yet. */
  #tail = NOTHING

  constructor(parts: ClientParts) {
    this.parts = parts
  }

  get isIdle(): boolean {
    return this.#connection === undefined
  }

  /** Whether more may be sent. */
  get isReady(): boolean {
    return this.#end !== undefined && !this.#isEnding && this.#tail.length === 0
  }

  /** Whether all that it has sent has to be answered: nothing was done to its connection. */
  get isSound(): boolean {
    return this.#end !== undefined && this.#end.stream.mishap === undefined
  }

  connect(entry: SimulatedNode): void {
    const { network } = this.parts
    const connection = {}
    const whileOpen = (run: () => void): void => {
      if (this.#connection === connection) run()
    }
    this.entry = entry
    this.#connection = connection
    this.reset()
    let dialled: End | undefined
    const dial = network.dialFor(CLIENTS, gate, (end) => (dialled = end))
    dial(entry.address, {
      opened: () => whileOpen(() => (this.#end = dialled)),
      data: (chunk) => whileOpen(() => this.receive(chunk)),
      drained: () => whileOpen(() => this.#write(this.#tail)),
      closed: (reason) => whileOpen(() => this.#closed(dialled, reason)),
    })
  }

  send(requests: readonly Request[]): void {
    const { answers } = this.parts
    for (const request of requests) this.pending.push(answers.sent(request, this.entry!.nodeId))
    this.#write(this.encode(requests))
  }

  /** Sends no more; what was sent must still be answered. */
  finish(): void {
    this.#isEnding = true
    if (this.#tail.length === 0) this.#end?.shutdown()
  }

  /** Closes at once. */
  giveUp(): void {
    const end = this.#end
    if (end === undefined) return
    end.stream.mishap ??= "given up by the client"
    end.terminate()
    this.#forget()
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#end?.resume()
    else this.#end?.pause()
  }

  /** A new connection begins. */
  protected abstract reset(): void
  protected abstract encode(requests: readonly Request[]): Uint8Array<ArrayBuffer>
  protected abstract receive(chunk: Uint8Array): void

  /** What the oldest request was answered. @returns the request, and the node whose ids were given */
  protected settle(
    status: number,
    high: number,
    low: number,
  ): { sent: Sent; node: number | undefined } {
    const { answers } = this.parts
    const sent = this.#takeSent()
    const isOneTooMany = this.#end?.stream.isOneTooMany === true
    if (isOneTooMany && status === Status.OVERLOADED && answers.refused(sent, high, low)) {
      return { sent, node: undefined }
    }
    return { sent, node: answers.answered(sent, status, high, low) }
  }

  /** Takes out the oldest request, which has just been answered. */
  #takeSent(): Sent {
    return (
      this.pending.shift() ?? this.parts.world.breaks("a client was answered what it never asked")
    )
  }

  #write(bytes: Uint8Array<ArrayBuffer>): void {
    const end: PeerSocket | undefined = this.#end
    if (end === undefined) return
    const accepted = bytes.length === 0 ? 0 : end.write(bytes, 0, bytes.length)
    this.#tail = bytes.subarray(Math.max(0, accepted))
    if (accepted >= 0 && this.#tail.length === 0 && this.#isEnding) this.#end?.shutdown()
  }

  #closed(end: End | undefined, reason: string): void {
    const isOwed = this.pending.length > 0
    if (end !== undefined && end.stream.mishap === undefined && (isOwed || !this.#isEnding)) {
      const { world } = this.parts
      world.breaks(
        `node ${this.entry?.nodeId} closed a connection with ${this.pending.length} ` +
          `requests unanswered: ${reason}`,
      )
    }
    this.#forget()
  }

  #forget(): void {
    this.#end = this.#connection = undefined
    this.#isEnding = false
    this.#tail = NOTHING
    this.pending.length = 0
  }
}
