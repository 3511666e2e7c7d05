import { ConnectionTable } from "../../server/transport/connection-table.ts"
import type { Client, ConnectionLimits } from "../../server/transport/connection-table.ts"
import type { NewDialect } from "../../server/transport/dialect.ts"
import { DEFAULT_LIMITS } from "./connection-limits.ts"
import { FakeServer, TCP_DIALECT, utf8 } from "./fake-client.ts"
import { FakeSocket } from "./fake-socket.ts"
import { MemoryLog } from "./memory-log.ts"

/** A server without a network that admits and refuses clients. */
export class TableServer {
  readonly fake: FakeServer
  readonly table: ConnectionTable
  readonly log: MemoryLog = new MemoryLog()

  constructor(limits: Partial<ConnectionLimits> = {}, fake: FakeServer = new FakeServer()) {
    this.fake = fake
    const { connectionParts: parts, node } = fake
    const { environment } = node
    const { logger: log } = this.log
    const all = { ...DEFAULT_LIMITS, ...limits }
    this.table = new ConnectionTable({ limits: all, parts, environment, log })
  }

  connect(newDialect: NewDialect = TCP_DIALECT): TableClient {
    return new TableClient(this.table, newDialect)
  }

  /** Lets whole seconds pass, and what is due in them happen. */
  pass(seconds: number): void {
    this.fake.node.environment.advance(seconds * 1_000)
  }
}

/** A client of such a server. Its socket is closed by the server alone, or by `leave`. */
export class TableClient extends FakeSocket {
  isClosed = false
  readonly #table: ConnectionTable
  readonly #client: Client | undefined

  constructor(table: ConnectionTable, newDialect: NewDialect) {
    super()
    this.#table = table
    this.#client = table.admit(this, newDialect)
  }

  /** It was to be closed at once. */
  get isTurnedAway(): boolean {
    return this.#client === undefined
  }

  send(...chunks: readonly (Uint8Array | string)[]): void {
    for (const chunk of chunks) {
      this.#client?.data(typeof chunk === "string" ? utf8(chunk) : chunk.slice())
    }
  }

  /** Sends FIN. */
  halfClose(): void {
    this.#client?.ended()
  }

  drain(): void {
    this.#client?.drained()
  }

  /** Closes both ways. */
  leave(): void {
    if (this.isClosed || this.#client === undefined) return
    this.isClosed = true
    this.#client.closed()
    this.#table.forget(this.#client)
  }

  override end(): void {
    super.end()
    this.leave()
  }

  override terminate(): void {
    super.terminate()
    this.leave()
  }
}
