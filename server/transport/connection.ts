import { TEXT_FIRST_BYTE_MAX, TEXT_FIRST_BYTE_MIN } from "../../protocol/index.ts"
import { Resumed } from "../generator/pacer.ts"
import type { Pacer, Waiter } from "../generator/pacer.ts"
import type { Router } from "../routing/router.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import { Work } from "./dialect.ts"
import type { Dialect } from "./dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import { Outbound } from "../net/outbound.ts"
import type { Sink } from "../net/outbound.ts"
import { TextDialect } from "./text/text-dialect.ts"

/** The socket of a client, as far as a connection needs it. */
export interface ClientSocket extends Sink {
  pause(): void
  resume(): void
  /** Sends FIN after what was written; bytes can still be read. */
  shutdown(): void
  /** Closes both ways. */
  end(): void
}

/** What all connections share. */
export interface ConnectionParts {
  readonly router: Router
  readonly pacer: Pacer
  readonly flushScheduler: FlushScheduler
}

/**
 * One client: reads while it can answer, and stops reading while answers wait for the generator or
 * for the socket, so that what is kept for a client is bounded by one chunk and its answers.
 */
export class Connection implements Waiter {
  readonly #socket: ClientSocket
  readonly #parts: ConnectionParts
  readonly #outbound: Outbound
  #dialect: Dialect | undefined
  #work: Work = Work.IDLE
  /** The client has sent its FIN. */
  #ended = false
  /** Our FIN is sent, or will be once all is answered; what comes after is not read. */
  #finishing = false
  #shut = false
  readonly #allAnswered = Promise.withResolvers<void>()

  constructor(socket: ClientSocket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#outbound = new Outbound(socket)
  }

  data(chunk: Uint8Array): void {
    if (this.#shut) return
    this.#dialect ??= this.#chooseDialect(chunk[0]!)
    this.#dialect.push(chunk)
    this.#run(this.#dialect)
  }

  drained(): void {
    if (!this.#outbound.blocked) return
    this.#outbound.drain()
    this.#goOn()
  }

  /** The client will send no more; what it has sent is still answered. */
  ended(): void {
    this.#ended = true
    if (this.#isAnswered) this.#endInput()
  }

  closed(): void {
    this.#setShut()
    this.#parts.pacer.leave(this)
  }

  /** Answers what has been received, then sends FIN. @returns when that is done */
  finish(): Promise<void> {
    this.#finishing = true
    if (this.#isAnswered) this.#shutDown()
    return this.#allAnswered.promise
  }

  resume(): Resumed {
    const dialect = this.#dialect
    if (dialect === undefined || this.#work !== Work.WAITING) return Resumed.DONE
    const before = dialect.taken
    this.#run(dialect)
    // `#run` has changed it, which the compiler cannot see.
    if ((this.#work as Work) !== Work.WAITING) return Resumed.DONE
    return dialect.taken > before ? Resumed.SOME : Resumed.NONE
  }

  get #isAnswered(): boolean {
    return this.#work === Work.IDLE && (this.#dialect?.pending ?? 0) === 0
  }

  #chooseDialect(firstByte: number): Dialect {
    const isText = firstByte >= TEXT_FIRST_BYTE_MIN && firstByte <= TEXT_FIRST_BYTE_MAX
    const { router, flushScheduler } = this.#parts
    const outbound = this.#outbound
    const parts = { router, outbound, flushScheduler, ready: () => this.#goOn() }
    return isText ? new TextDialect(parts) : new FrameDialect(parts)
  }

  /** Goes on after answers of other nodes have come, or the socket has room again. */
  #goOn(): void {
    if (this.#shut || this.#outbound.blocked || this.#dialect === undefined) return
    this.#run(this.#dialect)
  }

  #run(dialect: Dialect): void {
    const before = this.#work
    const work = dialect.run()
    this.#work = work
    if (work === Work.WAITING) this.#parts.pacer.wait(this)
    if (work !== Work.IDLE) {
      if (before === Work.IDLE) this.#socket.pause()
      return
    }
    if (before !== Work.IDLE) this.#socket.resume()
    if (dialect.pending > 0) return
    if (dialect.finished) this.#close()
    else if (this.#ended) this.#endInput()
    else if (this.#finishing) this.#shutDown()
  }

  #endInput(): void {
    const dialect = this.#dialect
    if (dialect !== undefined && !this.#finishing) {
      dialect.pushEnd()
      this.#finishing = true
      this.#run(dialect)
      return
    }
    this.#close()
  }

  #close(): void {
    this.#setShut()
    this.#socket.end()
  }

  #shutDown(): void {
    if (this.#shut) return
    this.#setShut()
    this.#socket.shutdown()
  }

  #setShut(): void {
    this.#shut = true
    this.#allAnswered.resolve()
  }
}
