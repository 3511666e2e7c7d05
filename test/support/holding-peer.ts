import { Op } from "../../protocol/index.ts"
import { until } from "./deadline.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "./tcp-peer.ts"

/** Whether a peer holds back its answers to requests for ids with this operation. */
type Holds = (op: number) => boolean

/** Gives ids on a real port as node 1, and holds answers back until it is told to send them. */
export class HoldingPeer extends TcpPeer {
  readonly #held: (() => void)[]

  constructor(holds: Holds = () => true) {
    const held: (() => void)[] = []
    const good = givingIds(1)
    super(ANY_ADDRESS, (op, socket, request) => {
      const bytes = good(op, socket, request)!
      if (op === Op.EPOCH || op === Op.PING || !holds(op)) return bytes
      held.push(() => void socket.write(bytes))
      return undefined
    })
    this.#held = held
  }

  /** Waits until it holds back so many answers. */
  async hasHeld(count: number): Promise<void> {
    await until(`${count} requests to be held`, () => this.#held.length >= count)
  }

  /** Sends what it holds, the oldest first. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }
}
