import { Status } from "../../protocol/index.ts"
import type { FlushScheduler, Flushable } from "../flush-scheduler.ts"
import { Outcome } from "../exchange.ts"
import type { Asker } from "../exchange.ts"
import type { Pacer, Waiter } from "../generator/pacer.ts"
import type { ClientSocket } from "../net/listen.ts"
import { Outbound } from "../net/outbound.ts"
import type { Router } from "../routing/router.ts"
import { AnswerQueue } from "./answer-queue.ts"
import { chooseDialect } from "./choose-dialect.ts"
import { Parsed } from "./dialect.ts"
import type { ClientExchange, Dialect } from "./dialect.ts"
import { ExchangePool } from "./exchange-pool.ts"
import { WriteBatch } from "./write-batch.ts"

/** What all connections of a node share. */
export class ConnectionParts {
  readonly router: Router
  readonly pacer: Pacer
  readonly flushScheduler: FlushScheduler
  readonly batch: WriteBatch = new WriteBatch()
  readonly exchanges: ExchangePool = new ExchangePool()

  constructor(router: Router, pacer: Pacer, flushScheduler: FlushScheduler) {
    this.router = router
    this.pacer = pacer
    this.flushScheduler = flushScheduler
  }
}

/** The life of a connection. The states follow each other in this order; some are passed over. */
const State = {
  /** Requests are read and answered. */
  OPEN: 0,
  /** The node is stopping: what has been received is answered, then our FIN goes out. */
  DRAINING: 1,
  /** The client sends no more requests: those it has sent are answered, then both ways are closed. */
  HALF_OPEN: 2,
  /** Our FIN is out; what the client still sends is dropped. */
  FIN_SENT: 3,
  CLOSED: 4,
} as const
type State = (typeof State)[keyof typeof State]

/**
 * One client: parses its requests by the dialect it speaks, has them answered in their order, and
 * writes the answers. It stops reading while it cannot answer, so that what is kept for a client is
 * bounded: a chunk of requests, a queue of answers, and one batch to be written.
 */
export class Connection implements Waiter, Asker, Flushable {
  readonly #socket: ClientSocket
  readonly #parts: ConnectionParts
  readonly #outbound: Outbound
  readonly #queue = new AnswerQueue()
  #dialect: Dialect | undefined
  #state: State = State.OPEN
  #isReading = true
  #isFlushDue = false
  /** The request that waits for ids; those behind it are not parsed yet. */
  #waiting: ClientExchange | undefined
  #finished: PromiseWithResolvers<void> | undefined

  constructor(socket: ClientSocket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#outbound = new Outbound(socket)
  }

  get wanted(): number {
    return this.#waiting?.count ?? 0
  }

  data(chunk: Uint8Array): void {
    if (this.#state >= State.HALF_OPEN) return
    this.#dialect ??= chooseDialect(chunk[0]!, this.#parts.router.local.epochMs)
    this.#dialect.push(chunk)
    this.#run()
  }

  drained(): void {
    if (!this.#outbound.blocked) return
    this.#outbound.drain()
    this.#run()
  }

  /** The client has sent its FIN. */
  ended(): void {
    if (this.#state === State.FIN_SENT) this.#close()
    else if (this.#state < State.HALF_OPEN) {
      this.#enter(State.HALF_OPEN)
      this.#dialect?.end()
      this.#run()
    }
  }

  /** The socket is closed. */
  closed(): void {
    this.#enter(State.CLOSED)
  }

  /** The node stops: answers what has been received, then sends FIN. @returns when that is done */
  finish(): Promise<void> {
    this.#finished ??= Promise.withResolvers()
    if (this.#state >= State.FIN_SENT) this.#finished.resolve()
    else if (this.#state === State.OPEN) {
      this.#enter(State.DRAINING)
      this.#run()
    }
    return this.#finished.promise
  }

  /** There are ids for the request that waits. */
  resume(): void {
    this.#run()
  }

  /** The answer of another node stands in the queue. */
  answered(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    this.#parts.flushScheduler.schedule(this)
  }

  flush(): void {
    this.#isFlushDue = false
    this.#run()
  }

  /** Answers and writes whatever can be by now. */
  #run(): void {
    if (this.#outbound.blocked || this.#state >= State.FIN_SENT) return
    const { batch } = this.#parts
    let isUsedUp: boolean
    let wasFull: boolean
    do {
      this.#encodeAnswered()
      isUsedUp = this.#answerInput()
      wasFull = batch.isFull
      batch.flush(this.#outbound)
    } while (wasFull && !this.#outbound.blocked)
    this.#read(isUsedUp && !this.#outbound.blocked)
    if (this.#isReading && this.#queue.isEmpty) this.#allAnswered()
  }

  /** Encodes the answers at the head of the queue that have come. */
  #encodeAnswered(): void {
    const { batch, exchanges } = this.#parts
    while (!batch.isFull) {
      const exchange = this.#queue.shiftAnswered()
      if (exchange === undefined) return
      exchange.encoding.encode(exchange, batch)
      exchanges.release(exchange)
    }
  }

  /**
   * Answers requests out of the input, one after the other.
   * @returns whether no whole request is left; false when the next one has to wait
   */
  #answerInput(): boolean {
    const dialect = this.#dialect
    if (dialect === undefined || (this.#waiting === undefined && !dialect.hasInput)) return true
    const { router, batch, exchanges } = this.#parts
    router.begin()
    if (this.#waiting !== undefined && !this.#askAgain(this.#waiting)) return false
    while (!batch.isFull && !this.#queue.isFull) {
      if (this.#queue.isEmpty) dialect.answerOwn?.(router.local, batch)
      const parsed = dialect.next(exchanges.next)
      if (parsed === Parsed.END) this.#enter(State.HALF_OPEN)
      if (parsed === Parsed.NOTHING || parsed === Parsed.END) return true
      if (!this.#answer(exchanges.next, parsed)) return false
    }
    return false
  }

  /** @returns false when the request has to wait for ids */
  #answer(exchange: ClientExchange, parsed: Parsed): boolean {
    const { router, pacer, batch, exchanges } = this.#parts
    const outcome = parsed === Parsed.REPLY ? Status.OK : router.route(exchange, this)
    if (outcome === Outcome.WAIT) {
      this.#waiting = exchanges.take()
      pacer.wait(this)
      return false
    }
    if (outcome !== Outcome.FORWARDED && this.#queue.isEmpty) {
      exchange.encoding.encode(exchange, batch)
    } else this.#queue.push(exchanges.take())
    return true
  }

  /** @returns false when the request that waits has to go on waiting */
  #askAgain(exchange: ClientExchange): boolean {
    const { router, pacer } = this.#parts
    if (router.route(exchange, this) === Outcome.WAIT) {
      pacer.wait(this)
      return false
    }
    this.#waiting = undefined
    this.#queue.push(exchange)
    this.#encodeAnswered()
    return true
  }

  /** Nothing that was received is left to be answered. */
  #allAnswered(): void {
    if (this.#state === State.HALF_OPEN) this.#close()
    else if (this.#state === State.DRAINING) {
      this.#enter(State.FIN_SENT)
      this.#socket.shutdown()
    }
  }

  #close(): void {
    this.#enter(State.CLOSED)
    this.#socket.end()
  }

  #enter(state: State): void {
    this.#state = state
    if (state < State.FIN_SENT) return
    this.#finished?.resolve()
    this.#parts.pacer.leave(this)
  }

  #read(isReading: boolean): void {
    if (this.#isReading === isReading) return
    this.#isReading = isReading
    if (isReading) this.#socket.resume()
    else this.#socket.pause()
  }
}
