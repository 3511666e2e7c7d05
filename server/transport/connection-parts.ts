import type { Environment } from "../environment.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { FairQueue } from "../generator/fair-queue.ts"
import type { Router } from "../routing/router.ts"
import type { ClientExchange } from "./dialect.ts"
import { ExchangePool } from "./exchange-pool.ts"
import { HeldBytes } from "./held-bytes.ts"
import { RequestCounts } from "./request-counts.ts"
import { TurnScheduler } from "./turn-scheduler.ts"
import { WriteBatch } from "./write-batch.ts"

/** What all connections of a node share. */
export class ConnectionParts {
  readonly router: Router
  readonly fairQueue: FairQueue
  readonly flushScheduler: FlushScheduler
  readonly batch: WriteBatch = new WriteBatch()
  readonly exchanges: ExchangePool = new ExchangePool()
  readonly held: HeldBytes = new HeldBytes()
  readonly requestCounts: RequestCounts = new RequestCounts()
  readonly turnScheduler: TurnScheduler
  /** Goes up by one each second: a clock for deadlines that costs nothing to read. */
  tick = 0

  constructor(
    router: Router,
    fairQueue: FairQueue,
    flushScheduler: FlushScheduler,
    environment: Environment,
  ) {
    this.router = router
    this.fairQueue = fairQueue
    this.flushScheduler = flushScheduler
    this.turnScheduler = new TurnScheduler(environment, this.batch)
  }

  /** Adds an answer to the batch, and counts it. */
  encode(exchange: ClientExchange): void {
    this.requestCounts.count(exchange)
    exchange.encoding.encode(exchange, this.batch)
  }
}
