import type { Attempt, Dial, PeerSocket, PeerSocketEvents } from "../../server/net/dial.ts"
import type { Address } from "../../server/net/address.ts"
import { addressText } from "../../server/net/address.ts"
import type { VirtualEnvironment } from "./virtual-environment.ts"

/** What a listener does with a connection. */
export interface AcceptedEvents {
  data(chunk: Uint8Array): void
  /** The other side has closed. */
  ended?(): void
}

type Listener = (wire: Wire) => AcceptedEvents

/** One connection. The side that dialled writes through it as through a socket. */
export class Wire implements PeerSocket {
  /** The size of every write of the dialling side, as it was asked for. */
  readonly writes: number[] = []
  /** How many bytes of a write are accepted; below 0: the socket is closed. */
  accept: (length: number) => number = (length) => length
  isClosed = false
  /** The network has forgotten the connection: nothing arrives any more, and nobody is told. */
  isForgotten = false
  readonly #network: VirtualNetwork
  readonly #dialler: PeerSocketEvents
  #listener: AcceptedEvents | undefined
  #underWay: { readonly sentAtMs: number; readonly deliveries: (() => void)[] } | undefined

  constructor(network: VirtualNetwork, dialler: PeerSocketEvents) {
    this.#network = network
    this.#dialler = dialler
  }

  open(listener: Listener): void {
    if (this.isClosed) return
    this.#listener = listener(this)
    this.#dialler.opened(this)
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.writes.push(length)
    const accepted = this.isClosed ? -1 : Math.min(this.accept(length), length)
    const chunk = bytes.slice(offset, offset + Math.max(0, accepted))
    if (chunk.length > 0) this.#carry(() => this.#listener?.data(chunk))
    return accepted
  }

  /** There is room for the dialling side's bytes again. */
  drain(): void {
    this.#dialler.drained()
  }

  terminate(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#network.environment.after(this.#network.delayMs, () => this.#listener?.ended?.())
  }

  /** The listening side sends. */
  send(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      const copy = chunk.slice()
      this.#carry(() => this.#dialler.data(copy))
    }
  }

  /** The connection is lost; the dialling side hears of it at once. */
  lose(reason = "it closed the connection"): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#dialler.closed(reason)
  }

  /** Chunks that are sent at the same moment arrive at the same moment, one by one. */
  #carry(deliver: () => void): void {
    const { environment, delayMs } = this.#network
    const sentAtMs = environment.monotonicMs()
    if (this.#underWay?.sentAtMs === sentAtMs) {
      this.#underWay.deliveries.push(deliver)
      return
    }
    const batch = { sentAtMs, deliveries: [deliver] }
    this.#underWay = batch
    environment.after(delayMs, () => {
      if (this.#underWay === batch) this.#underWay = undefined
      for (const one of batch.deliveries) if (!this.isClosed && !this.isForgotten) one()
    })
  }
}

/** Connections without sockets, in virtual time. */
export class VirtualNetwork {
  readonly environment: VirtualEnvironment
  /** How long bytes are under way. Not to be changed while any are. */
  readonly delayMs: number
  /** Every address that was dialled, in order. */
  readonly dialled: string[] = []
  /** Addresses that answer nothing at all to a dial. */
  readonly blackHoles: Set<string> = new Set()
  /** Attempts that are not answered, and not given up either. */
  readonly #swallowed = new Set<Attempt>()
  readonly #listeners = new Map<string, Listener>()
  readonly #wires: { readonly address: string; readonly wire: Wire }[] = []

  constructor(environment: VirtualEnvironment, delayMs = 1) {
    this.environment = environment
    this.delayMs = delayMs
  }

  get openAttempts(): number {
    return this.#swallowed.size
  }

  readonly dial: Dial = (address: Address, events: PeerSocketEvents) => {
    const name = addressText(address)
    const wire = new Wire(this, events)
    this.dialled.push(name)
    let isAbandoned = false
    const attempt = {
      abandon: () => {
        isAbandoned = true
        this.#swallowed.delete(attempt)
      },
    }
    if (this.blackHoles.has(name)) {
      this.#swallowed.add(attempt)
      return attempt
    }
    this.#wires.push({ address: name, wire })
    this.environment.after(this.delayMs, () => {
      const listener = this.#listeners.get(name)
      if (isAbandoned) {
        wire.isClosed = true
        listener?.(wire).ended?.()
      } else if (listener === undefined) wire.lose("nothing listens there")
      else wire.open(listener)
    })
    return attempt
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener)
  }

  /** Refuses new connections; those that are open stay. */
  refuse(address: string): void {
    this.#listeners.delete(address)
  }

  /** Connections to an address that are not closed, the oldest first. */
  wiresTo(address: string): Wire[] {
    return this.#wires.flatMap(({ address: name, wire }) =>
      name === address && !wire.isClosed ? [wire] : [],
    )
  }

  /** The process there has died. */
  kill(address: string): void {
    this.refuse(address)
    for (const wire of this.wiresTo(address)) wire.lose()
  }
}
