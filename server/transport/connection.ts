import { Op, Status } from "../../protocol/index.ts"
import { Outcome } from "../exchange.ts"
import type { Asker } from "../exchange.ts"
import type { Flushable } from "../flush-scheduler.ts"
import type { Waiter } from "../generator/flow.ts"
import type { ClientSocket } from "../net/listen.ts"
import { Outbound } from "../net/outbound.ts"
import { AnswerQueue } from "./answer-queue.ts"
import type { CloseReason } from "./connection-counts.ts"
import type { ConnectionParts } from "./connection-parts.ts"
import { ConnectionState } from "./connection-state.ts"
import { Parsed } from "./dialect.ts"
import type { ClientExchange, NewDialect } from "./dialect.ts"
import { HeldShare } from "./held-bytes.ts"
import { IdShare } from "./id-share.ts"
import { Input } from "./input.ts"
import { Silence } from "./silence.ts"
import type { Deadlines } from "./silence.ts"
import type { Yielding } from "./turn-scheduler.ts"

/**
 * One client: parses its requests by the dialect it speaks, has them answered in their order, and
 * writes the answers. It stops reading while it cannot answer, so that what is kept for a client is
 * bounded: a chunk of requests, a queue of answers, and one batch to be written.
 */
export class Connection implements Waiter, Asker, Flushable, Yielding {
  readonly #socket: ClientSocket
  readonly #parts: ConnectionParts
  readonly #outbound: Outbound
  readonly #input: Input
  readonly #queue = new AnswerQueue()
  #state: ConnectionState = ConnectionState.OPEN
  #isReading = true
  #isFlushDue = false
  #hasYielded = false
  /** What the node keeps for it; set last in a turn, since the connection may be closed there. */
  readonly held: HeldShare
  readonly #share: IdShare
  /** The request that waits for ids; those behind it are not parsed yet. */
  #waiting: ClientExchange | undefined
  #finished: PromiseWithResolvers<void> | undefined
  readonly #silence: Silence

  constructor(socket: ClientSocket, parts: ConnectionParts, newDialect: NewDialect) {
    this.#socket = socket
    this.#parts = parts
    this.held = new HeldShare(parts.held)
    this.#silence = new Silence(parts.tick)
    this.#outbound = new Outbound(socket)
    this.#input = new Input(newDialect, parts, this)
    this.#share = new IdShare(parts.fairQueue, this)
  }

  get wanted(): number {
    return this.#waiting?.count ?? 0
  }

  data(chunk: Uint8Array): void {
    if (this.#state >= ConnectionState.HALF_OPEN) return
    this.#silence.heardSince = this.#parts.tick
    if (!this.#input.isUnfinished) this.#silence.quietSince = this.#parts.tick
    this.#input.push(chunk, this.#isReading)
    // Bun hands over what has arrived before a reset, also of a socket that is paused.
    if (this.#isReading) this.#run()
    else this.held.set(this.#input.bytes + this.#outbound.bytes)
  }

  drained(): void {
    if (!this.#outbound.blocked) return
    this.#outbound.drain()
    this.#silence.blockedSince = this.#parts.tick
    this.#run()
  }

  /** The client has sent its FIN. */
  ended(): void {
    if (this.#state === ConnectionState.FIN_SENT) this.#close()
    else if (this.#state < ConnectionState.HALF_OPEN) {
      this.#enter(ConnectionState.HALF_OPEN)
      this.#input.end()
      this.#run()
    }
  }

  closed(): void {
    this.#enter(ConnectionState.CLOSED)
  }

  /** The node stops soon: refuses what arrives from now on, where answers cannot tell of the end. */
  refuse(): void {
    this.#input.refuse()
  }

  /** Whether nothing has been received or answered in this tick, nor is awaited. */
  get isQuiet(): boolean {
    return this.#isReading && this.#queue.isEmpty && this.#silence.lastTick < this.#parts.tick
  }

  /** The node stops: answers what has been received, then sends FIN. @returns when that is done */
  finish(): Promise<void> {
    this.#finished ??= Promise.withResolvers()
    if (this.#state >= ConnectionState.FIN_SENT) this.#finished.resolve()
    else if (this.#state === ConnectionState.OPEN) {
      this.#enter(ConnectionState.DRAINING)
      this.#run()
    }
    return this.#finished.promise
  }

  /** Why it is to be closed now, if so. To be called each tick. */
  overdue(deadlines: Deadlines): CloseReason | undefined {
    return this.#silence.overdue(this.#parts.tick, deadlines, {
      hasFinished: this.#state === ConnectionState.FIN_SENT,
      isBlocked: this.#outbound.blocked,
      isBusy: !this.#isReading || !this.#queue.isEmpty,
      hasSpoken: this.#input.dialect !== undefined,
      isUnfinished: this.#input.isUnfinished,
    })
  }

  /** It is its turn to take ids. */
  resume(allowance: number): void {
    this.#run(allowance)
  }

  /** The request that waits has waited too long. */
  giveUp(retryAfterMs: number): void {
    this.#waiting?.refuse(Status.OVERLOADED, retryAfterMs)
    this.#queueWaiting()
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

  /** Its next slice of a turn. */
  proceed(): void {
    this.#hasYielded = false
    this.#run()
  }

  /**
   * Answers and writes what can be by now, up to its slice of this turn.
   * @param allowance how many ids it may take; undefined: as many as the others leave it
   */
  #run(allowance?: number): void {
    if (this.#outbound.blocked || this.#hasYielded || this.#state >= ConnectionState.FIN_SENT)
      return
    const { batch, turnScheduler, tick } = this.#parts
    let isCut: boolean
    let isUsedUp: boolean
    try {
      if (batch.length > 0) throw new Error("the batch has answers of another connection")
      this.#share.begin(allowance)
      this.#queue.encodeAnswered(this.#parts)
      isUsedUp = this.#answerInput()
      this.#share.end(this.#waiting !== undefined)
      isCut = batch.isFull || (!isUsedUp && this.#waiting === undefined && !this.#queue.isFull)
      if (batch.length > 0) this.#silence.quietSince = this.#silence.blockedSince = tick
      batch.flush(this.#outbound)
    } catch (error) {
      // A mistake of ours: its answers must not get to the next connection.
      batch.length = 0
      this.#abandon()
      throw error
    }
    if (this.#outbound.isClosed) return this.#abandon()
    if (isCut && !this.#outbound.blocked) {
      this.#hasYielded = true
      turnScheduler.yield(this)
    }
    this.#read(isUsedUp && !isCut && !this.#outbound.blocked)
    if (this.#isReading && this.#queue.isEmpty) this.#allAnswered()
    this.held.set(this.#input.bytes + this.#outbound.bytes)
  }

  /**
   * Answers requests out of the input, one after the other.
   * @returns whether no whole request is left; false when the next one has to wait
   */
  #answerInput(): boolean {
    const input = this.#input
    if (this.#waiting === undefined && !input.isThere) return true
    const { router, batch, exchanges } = this.#parts
    router.begin()
    if (this.#waiting !== undefined && !this.#askAgain(this.#waiting)) return false
    let requestsLeft = this.#parts.turnScheduler.requestsMax
    while (!batch.isFull && !this.#queue.isFull && requestsLeft-- > 0) {
      if (this.#queue.isEmpty && this.#share.left > 0) {
        this.#share.take(input.answerOwn(this.#share.left))
        if (batch.isFull) break
      }
      const exchange = exchanges.next
      switch (input.next(exchange)) {
        case Parsed.NOTHING:
          return true
        case Parsed.END:
          this.#enter(ConnectionState.HALF_OPEN)
          return true
        case Parsed.CLOSE:
          if (this.#state === ConnectionState.OPEN) this.#enter(ConnectionState.DRAINING)
          return true
        case Parsed.REPLY:
          this.#answer(exchange)
          break
        case Parsed.REQUEST:
          if (this.#ask(exchange)) this.#answer(exchange)
          else if (this.#wait(exchanges.take())) return false
      }
    }
    return false
  }

  /** @returns false when the request has to wait for ids */
  #ask(exchange: ClientExchange): boolean {
    exchange.mayTakeIds = exchange.count <= this.#share.left
    const outcome = this.#parts.router.route(exchange, this)
    if (outcome === Status.OK && exchange.op < Op.PING) this.#share.take(exchange.count)
    return outcome !== Outcome.WAIT
  }

  /** What waits for no other node, nor behind such, is written at once. */
  #answer(exchange: ClientExchange): void {
    const parts = this.#parts
    if (exchange.isPending || !this.#queue.isEmpty) this.#queue.push(parts.exchanges.take())
    else parts.encode(exchange)
  }

  /** @returns false when the request that waits has to go on waiting */
  #askAgain(exchange: ClientExchange): boolean {
    if (!this.#ask(exchange)) return !this.#wait(exchange)
    this.#queueWaiting()
    this.#queue.encodeAnswered(this.#parts)
    return true
  }

  /** @returns false when the request has waited too long, and was refused */
  #wait(exchange: ClientExchange): boolean {
    this.#waiting = exchange
    const retryAfterMs = this.#share.wait()
    if (retryAfterMs === 0) return true
    exchange.refuse(Status.OVERLOADED, retryAfterMs)
    this.#queueWaiting()
    this.#queue.encodeAnswered(this.#parts)
    return false
  }

  /** The request that waited has its answer, or another node has been asked for it. */
  #queueWaiting(): void {
    if (this.#waiting === undefined) return
    this.#queue.push(this.#waiting)
    this.#waiting = undefined
  }

  /** Nothing that was received is left to be answered. */
  #allAnswered(): void {
    if (this.#state === ConnectionState.HALF_OPEN) this.#close()
    else if (this.#state === ConnectionState.DRAINING) {
      this.#enter(ConnectionState.FIN_SENT)
      this.#socket.shutdown()
    }
  }

  #close(): void {
    this.#enter(ConnectionState.CLOSED)
    this.#socket.end()
  }

  /** The socket is closed, though nobody has said so: what was received needs no answer any more. */
  #abandon(): void {
    this.#enter(ConnectionState.CLOSED)
    this.#socket.terminate()
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    if (state < ConnectionState.FIN_SENT) return
    this.#finished?.resolve()
    this.#share.leave()
    this.#waiting = undefined
    this.#input.drop()
    this.held.set(0)
  }

  #read(isReading: boolean): void {
    if (this.#isReading === isReading) return
    this.#isReading = isReading
    if (isReading) this.#socket.resume()
    else this.#socket.pause()
  }
}
