import type { PeerSocket } from "../../../server/net/dial.ts"
import type { ClientSocket } from "../../../server/net/listen.ts"
import type { Party } from "./gate.ts"
import type { Pipe, PipeEnd } from "./pipe.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

export interface EndEvents {
  data(chunk: Uint8Array): void
  drained(): void
  /** The other side will send no more. */
  ended(): void
  closed(reason: string): void
}

/** What both ends belong to. */
interface Ends {
  /** What has been done to them from outside; undefined: whatever happens is their own doing. */
  mishap: string | undefined
  /** It came when its node had as many as it may have. */
  isOneTooMany: boolean
  reset(end: End): void
  closedAt(end: End): void
}

/** The most bytes that are read at once. */
const READ_MAX = 65_536

/** The socket at one end of a stream, as Bun has it. */
export class End implements PeerSocket, ClientSocket, PipeEnd {
  readonly party: Party
  readonly stream: Ends
  /** Told of what was accepted of a write. */
  onWrite: ((bytes: Uint8Array, offset: number, length: number) => void) | undefined
  /** Told that its owner sends FIN. */
  onFin: (() => void) | undefined
  /** Changes what is read. */
  onRead: ((chunk: Uint8Array) => Uint8Array) | undefined
  readonly #world: World
  #events: EndEvents | undefined
  #out!: Pipe
  #in!: Pipe
  /** What has arrived and was not read. */
  #inbox: Uint8Array[] = []
  #isPaused = false
  #isReading = false
  #hasSentFin = false
  #hasFin = false
  #isToldOfFin = false
  isClosed = false

  constructor(world: World, stream: Ends, party: Party) {
    this.#world = world
    this.stream = stream
    this.party = party
  }

  connect(out: Pipe, incoming: Pipe): void {
    this.#out = out
    this.#in = incoming
  }

  /** From now on events are told; what has come before is read. */
  serve(events: EndEvents): void {
    this.#events = events
    this.#read()
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.isClosed || this.#hasSentFin) return -1
    const accepted = this.#out.send(bytes, offset, length)
    if (accepted > 0) this.onWrite?.(bytes, offset, accepted)
    return accepted
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // Never at once: whoever resumes is in the middle of something.
    this.#soon(() => this.#read())
  }

  shutdown(): void {
    if (this.isClosed || this.#hasSentFin) return
    this.#sendFin()
    this.#closeIfDone()
  }

  end(): void {
    if (this.isClosed) return
    if (!this.#hasSentFin) this.#sendFin()
    this.#close("closed here")
  }

  terminate(): void {
    if (this.isClosed) return
    this.stream.reset(this)
    this.#close("closed here")
  }

  /** Bytes have come in. */
  receive(bytes: Uint8Array): void {
    if (this.isClosed) this.stream.reset(this)
    else {
      this.#inbox.push(bytes)
      this.#readWhenAble()
    }
  }

  receiveFin(): void {
    if (this.isClosed) return
    this.#hasFin = true
    this.#readWhenAble()
  }

  /** The other side has read some. */
  drained(): void {
    this.party.gate.enter(() => {
      if (!this.isClosed) this.#events?.drained()
    })
  }

  /** The connection is lost, as far as this side can tell. */
  lose(reason: string): void {
    if (!this.isClosed) this.#close(reason)
  }

  /** The process has ended and with it what it had open; the system closes it. */
  abandon(): void {
    if (this.isClosed) return
    this.isClosed = true
    if (this.#inbox.length > 0) this.stream.reset(this)
    else if (!this.#hasSentFin) this.#out.sendFin()
    this.stream.closedAt(this)
  }

  /** The machine is off: nobody is told. */
  vanish(): void {
    this.isClosed = true
    this.#out.clear()
    this.stream.closedAt(this)
  }

  #sendFin(): void {
    this.#hasSentFin = true
    this.onFin?.()
    this.#out.sendFin()
  }

  #readWhenAble(): void {
    if (this.#isReading || this.#isPaused || this.#events === undefined) return
    this.#isReading = true
    this.party.gate.enter(() => {
      this.#isReading = false
      this.#read()
    })
  }

  #read(): void {
    if (this.isClosed || this.#isPaused || this.#events === undefined) return
    const chunk = this.#takeChunk()
    if (chunk.length > 0) this.#events.data(this.onRead?.(chunk) ?? chunk)
    // Whoever got the data may have changed all of this.
    if (this.isClosed || this.#isPaused) return
    if (this.#inbox.length > 0) this.#soon(() => this.#read())
    else if (this.#hasFin && !this.#isToldOfFin) {
      this.#isToldOfFin = true
      this.#events.ended()
      this.#closeIfDone()
    }
  }

  #takeChunk(): Uint8Array {
    const parts = this.#inbox
    let length = 0
    let count = 0
    while (count < parts.length && (count === 0 || length + parts[count]!.length <= READ_MAX)) {
      length += parts[count++]!.length
    }
    const taken = parts.splice(0, count)
    if (length > 0) this.#in.read(length)
    if (taken.length === 1) return taken[0]!
    const chunk = new Uint8Array(length)
    let at = 0
    for (const part of taken) {
      chunk.set(part, at)
      at += part.length
    }
    return chunk
  }

  #closeIfDone(): void {
    if (!this.isClosed && this.#hasSentFin && this.#isToldOfFin) this.#close("closed both ways")
  }

  #close(reason: string): void {
    this.isClosed = true
    this.#inbox = []
    this.stream.closedAt(this)
    this.#soon(() => this.#events?.closed(reason))
  }

  #soon(run: () => void): void {
    this.#world.after(0, Kind.SOCKET, this.party.host, () => this.party.gate.enter(run))
  }
}
