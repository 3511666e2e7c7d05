import {
  DEFAULT_EPOCH_MS,
  FrameReader,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeResponse,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../protocol/index.ts"
import { SerialIds } from "./serial-ids.ts"
import type { AcceptedEvents, VirtualNetwork, Wire } from "./virtual-network.ts"

export interface Reply {
  readonly status: number
  readonly value: bigint
  /** How long it takes. It is sent after the answers to earlier requests all the same. */
  readonly delayMs?: number
}

/** `HOLD` is answered by `release`, or never. Bytes are sent as they are. */
export type Behaviour = Reply | "HOLD" | "CLOSE" | Uint8Array

export interface AskedRequest {
  readonly op: number
  readonly flags: number
  readonly count: number
  readonly target: number
}

interface Place {
  bytes: Uint8Array | undefined
}

/** An answer as bytes. */
export function responseBytes(status: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_SIZE)
  const high = Number(value >> 32n)
  encodeResponse(new DataView(bytes.buffer), 0, status, high, Number(value & 0xffff_ffffn))
  return bytes
}

export function nodeOfId(id: bigint): number {
  return Number((id >> 12n) & 1_023n)
}

/** Where the fake peers listen. */
export function peerAddress(nodeId: number): string {
  return `10.0.0.1:${6_000 + nodeId}`
}

/** Another node, or something that listens in its place and behaves as a test says. */
export class FakePeer {
  nodeId: number
  epochMs: number = DEFAULT_EPOCH_MS
  startNumber: bigint
  /** Its wall clock less that of the network. */
  skewMs = 0
  /** Whether it answers PING, EPOCH and CLOCK. */
  answersChecks = true
  /** What it does with requests for ids. */
  behaviour: (request: AskedRequest) => Behaviour = ({ count }) => this.ids(count)
  /** The requests for ids it was sent. */
  readonly asked: AskedRequest[] = []
  checksAsked = 0
  readonly #network: VirtualNetwork
  readonly #held: (() => void)[] = []
  readonly #serial = new SerialIds()

  constructor(network: VirtualNetwork, nodeId: number) {
    this.#network = network
    this.nodeId = nodeId
    this.startNumber = BigInt(nodeId) * 1_000_003n + 5n
  }

  listen(address: string = peerAddress(this.nodeId)): this {
    this.#network.listen(address, (wire) => this.#accept(wire))
    return this
  }

  /** The next ids of this node, which nobody else gives out. */
  ids(count = 1): Reply {
    return { status: Status.OK, value: this.#serial.next(this.nodeId, count) }
  }

  /** Answers what it holds, the oldest first. */
  release(count: number = this.#held.length): void {
    for (const answer of this.#held.splice(0, count)) answer()
  }

  #accept(wire: Wire): AcceptedEvents {
    const reader = new FrameReader(REQUEST_SIZE)
    const places: Place[] = []
    return {
      data: (chunk) => {
        reader.push(chunk)
        while (reader.nextRun()) {
          for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
            this.#take(wire, places, requestAt(reader.bytes, reader.start))
          }
        }
        sendReady(wire, places)
      },
    }
  }

  #take(wire: Wire, places: Place[], request: AskedRequest): void {
    const place: Place = { bytes: undefined }
    places.push(place)
    const isCheck = request.op >= Op.PING && request.op <= Op.CLOCK
    if (!isCheck) this.asked.push(request)
    else this.checksAsked++
    const behaviour = isCheck ? this.#check(request.op) : this.behaviour(request)
    if (behaviour === "CLOSE") wire.lose()
    else if (behaviour === "HOLD") {
      this.#held.push(() => {
        const { status, value } = this.ids(request.count)
        place.bytes = responseBytes(status, value)
        sendReady(wire, places)
      })
    } else if (behaviour instanceof Uint8Array) place.bytes = behaviour
    else {
      const bytes = responseBytes(behaviour.status, behaviour.value)
      if (behaviour.delayMs === undefined) place.bytes = bytes
      else {
        this.#network.environment.after(behaviour.delayMs, () => {
          place.bytes = bytes
          sendReady(wire, places)
        })
      }
    }
  }

  #check(op: number): Behaviour {
    if (!this.answersChecks) return "HOLD"
    return { status: Status.OK, value: this.#checkValue(op) }
  }

  #checkValue(op: number): bigint {
    if (op === Op.PING) return (BigInt(this.nodeId) << 48n) | this.startNumber
    if (op === Op.EPOCH) return BigInt(this.epochMs)
    return BigInt(this.#network.environment.wallMs() + this.skewMs)
  }
}

function sendReady(wire: Wire, places: Place[]): void {
  const parts: number[] = []
  while (places[0]?.bytes !== undefined) parts.push(...places.shift()!.bytes!)
  if (parts.length > 0) wire.send(Uint8Array.from(parts))
}

/** The request that lies at `offset`. */
export function requestAt(bytes: Uint8Array, offset: number): AskedRequest {
  return {
    op: requestOp(bytes, offset),
    flags: requestFlags(bytes, offset),
    count: requestCount(bytes, offset),
    target: requestTarget(bytes, offset),
  }
}
