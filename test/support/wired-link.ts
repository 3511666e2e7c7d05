import { FrameReader, Op, REQUEST_SIZE } from "../../protocol/index.ts"
import { Link } from "../../server/peers/link.ts"
import type { ResponseHandler } from "../../server/peers/response-handler.ts"
import { parseAddress } from "../../server/net/address.ts"
import { FlushScheduler } from "../../server/flush-scheduler.ts"
import { requestAt } from "./fake-peer.ts"
import type { AskedRequest } from "./fake-peer.ts"
import { VirtualNetwork } from "./virtual-network.ts"
import type { Wire } from "./virtual-network.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"

export const LINK_ADDRESS = "10.0.0.9:6454"
export const STALL_MS = 2_000

/** Notes what it is told, of which there must be one thing. */
export class Waiting implements ResponseHandler {
  readonly wanted = 1
  readonly ends: string[] = []

  answered(status: number, high: number, low: number): void {
    this.ends.push(`answered ${status} ${high} ${low}`)
  }

  lost(status: number, detail: number): void {
    this.ends.push(`lost ${status} ${detail}`)
  }
}

/** A link by itself, whose other end does nothing unless a test does it. */
export class WiredLink {
  readonly environment: VirtualEnvironment = new VirtualEnvironment()
  readonly network: VirtualNetwork = new VirtualNetwork(this.environment)
  readonly link: Link
  /** What the other end has been asked. */
  readonly received: AskedRequest[] = []
  /** Why the link said it was closed; there must be one at the most. */
  readonly closings: string[] = []
  /** The other end has seen the link close. */
  isEnded = false
  #wire: Wire | undefined

  constructor() {
    this.network.listen(LINK_ADDRESS, (wire) => {
      this.#wire = wire
      const reader = new FrameReader(REQUEST_SIZE)
      return {
        data: (chunk) => {
          reader.push(chunk)
          while (reader.nextRun()) {
            for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
              this.received.push(requestAt(reader.bytes, reader.start))
            }
          }
        },
        ended: () => (this.isEnded = true),
      }
    })
    this.link = this.#open()
  }

  /** The other end of the connection; there is none before it is open. */
  get wire(): Wire {
    return this.#wire!
  }

  /** Asks for ids of node 1, so often. */
  ask(count: number, limitMs = 1_000): Waiting[] {
    const now = this.environment.monotonicMs()
    return Array.from({ length: count }, () => {
      const waiting = new Waiting()
      if (!this.link.send(Op.NODE, 1, 1, waiting, now, now + limitMs)) throw new Error("refused")
      return waiting
    })
  }

  /** Lets time pass as the owner of a link does: with a look at what is overdue every 10 ms. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 10) {
      this.environment.advance(Math.min(10, left))
      this.link.expire(this.environment.monotonicMs())
    }
  }

  #open(): Link {
    return new Link({
      address: parseAddress(LINK_ADDRESS),
      dial: this.network.dial,
      environment: this.environment,
      flushScheduler: new FlushScheduler(this.environment),
      stallMs: STALL_MS,
      closed: (reason) => this.closings.push(reason),
    })
  }
}
