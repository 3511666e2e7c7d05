import { Op, Status } from "../../../protocol/index.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import { CLIENTS, Kind } from "../world.ts"
import type { ClientParts } from "./client.ts"
import { FrameClient } from "./frame-client.ts"
import { request } from "./requests.ts"

/** More clients than a node serves at a time, by so many. */
const TOO_MANY = 10
/** How often each of them looks what it can do. */
const STEP_MS = 20

/** Clients that come to one node all at once, ask one thing and stay, until the crowd leaves. */
export class Crowd {
  readonly #parts: ClientParts
  readonly #maxConnections: number
  readonly #clients: Member[]
  #isLeaving = false

  constructor(parts: ClientParts, node: SimulatedNode, maxConnections: number) {
    this.#parts = parts
    this.#maxConnections = maxConnections
    this.#clients = Array.from({ length: maxConnections + TOO_MANY }, () => new Member(parts, node))
    this.#goOn()
  }

  leave(): void {
    this.#isLeaving = true
  }

  /** Until all have left. */
  #goOn(): void {
    const { world } = this.#parts
    for (const client of this.#clients) {
      if (this.#isLeaving) client.giveUp()
      else client.askOnce()
    }
    const served = this.#clients.filter(({ isServed }) => isServed).length
    if (served > this.#maxConnections) world.breaks(`${served} clients are served at a time`)
    if (this.#clients.every(({ isIdle }) => isIdle)) return
    world.after(STEP_MS, Kind.CLIENT, CLIENTS, () => this.#goOn())
  }
}

class Member extends FrameClient {
  #hasAsked = false
  #isAnswered = false

  constructor(parts: ClientParts, node: SimulatedNode) {
    super(parts, (_, status) => (this.#isAnswered = status === Status.OK))
    this.connect(node)
  }

  /** Whether it got an answer that is no refusal, and is still connected. */
  get isServed(): boolean {
    return this.#isAnswered && !this.isIdle
  }

  askOnce(): void {
    if (this.#hasAsked || !this.isReady) return
    this.#hasAsked = true
    this.send([request(Op.PING, 0)])
  }
}
