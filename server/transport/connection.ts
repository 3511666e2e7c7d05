import { TEXT_FIRST_BYTE_MAX, TEXT_FIRST_BYTE_MIN } from "../../protocol/index.ts"
import { Resumed } from "../generator/pacer.ts"
import type { Pacer, Waiter } from "../generator/pacer.ts"
import type { LocalNode } from "../routing/local-node.ts"
import { Work } from "./dialect.ts"
import type { Dialect } from "./dialect.ts"
import { FrameDialect } from "./frame-dialect.ts"
import { Outbound } from "./outbound.ts"
import type { Sink } from "./outbound.ts"
import { TextDialect } from "./text-dialect.ts"

/** The socket of a client, as far as a connection needs it. */
export interface ClientSocket extends Sink {
  pause(): void
  resume(): void
  /** Sends FIN after what was written; bytes can still be read. */
  shutdown(): void
  /** Closes both ways. */
  end(): void
}

/**
 * One client: reads while it can answer, and stops reading while answers wait for the generator or
 * for the socket, so that what is kept for a client is bounded by one chunk and its answers.
 */
export class Connection implements Waiter {
  readonly #socket: ClientSocket
  readonly #node: LocalNode
  readonly #pacer: Pacer
  readonly #outbound: Outbound
  #dialect: Dialect | undefined
  #work: Work = Work.IDLE
  /** The client has sent its FIN. */
  #ended = false
  /** Our FIN is sent, or will be once all is answered; what comes after is not read. */
  #finishing = false
  #shut = false
  readonly #allAnswered = Promise.withResolvers<void>()

  constructor(socket: ClientSocket, node: LocalNode, pacer: Pacer) {
    this.#socket = socket
    this.#node = node
    this.#pacer = pacer
    this.#outbound = new Outbound(socket)
  }

  data(chunk: Uint8Array): void {
    if (this.#shut) return
    this.#dialect ??= this.#chooseDialect(chunk[0]!)
    this.#dialect.push(chunk)
    this.#run(this.#dialect)
  }

  drained(): void {
    this.#outbound.drain()
    if (this.#work !== Work.BLOCKED || this.#outbound.blocked) return
    if (this.#dialect !== undefined) this.#run(this.#dialect)
  }

  /** The client will send no more; what it has sent is still answered. */
  ended(): void {
    this.#ended = true
    if (this.#work === Work.IDLE) this.#endInput()
  }

  closed(): void {
    this.#setShut()
    this.#pacer.leave(this)
  }

  /** Answers what has been received, then sends FIN. @returns when that is done */
  finish(): Promise<void> {
    this.#finishing = true
    if (this.#work === Work.IDLE) this.#shutDown()
    return this.#allAnswered.promise
  }

  resume(): Resumed {
    const dialect = this.#dialect
    if (dialect === undefined || this.#work !== Work.WAITING) return Resumed.DONE
    const before = dialect.answered
    this.#run(dialect)
    // `#run` has changed it, which the compiler cannot see.
    if ((this.#work as Work) !== Work.WAITING) return Resumed.DONE
    return dialect.answered > before ? Resumed.SOME : Resumed.NONE
  }

  #chooseDialect(firstByte: number): Dialect {
    const isText = firstByte >= TEXT_FIRST_BYTE_MIN && firstByte <= TEXT_FIRST_BYTE_MAX
    return new (isText ? TextDialect : FrameDialect)(this.#node, this.#outbound)
  }

  #run(dialect: Dialect): void {
    const before = this.#work
    const work = dialect.run()
    this.#work = work
    if (work === Work.WAITING) this.#pacer.wait(this)
    if (work !== Work.IDLE) {
      if (before === Work.IDLE) this.#socket.pause()
      return
    }
    if (before !== Work.IDLE) this.#socket.resume()
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
