import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import { FairQueue } from "../../server/generator/fair-queue.ts"
import { LocalNode } from "../../server/routing/local-node.ts"
import { noPeers } from "../../server/routing/peer-directory.ts"
import { Router } from "../../server/routing/router.ts"
import { SAMPLE_STATUS } from "./sample-status.ts"
import { chooseDialect } from "../../server/transport/choose-dialect.ts"
import { Connection } from "../../server/transport/connection.ts"
import { ConnectionParts } from "../../server/transport/connection-parts.ts"
import type { NewDialect } from "../../server/transport/dialect.ts"
import { FlushScheduler } from "../../server/flush-scheduler.ts"
import { FakeSocket } from "./fake-socket.ts"
import { NODE_ID, VirtualNode } from "./virtual-node.ts"

/** As on the TCP port of a node without HTTP. */
export const TCP_DIALECT: NewDialect = chooseDialect({
  httpAt: () => undefined,
  status: () => SAMPLE_STATUS,
})

/** What an answer to PING says of a node made by `FakeServer`. */
export const START_NUMBER = 0xc0de_1234_5678n

/** How long a request of a `FakeServer` may wait for ids. */
export const WAIT_TIMEOUT_MS = 1_000

/** What several connections share. */
export class FakeServer {
  readonly node: VirtualNode
  readonly local: LocalNode
  readonly fairQueue: FairQueue
  readonly flushScheduler: FlushScheduler
  readonly router: Router
  #connectionParts: ConnectionParts | undefined

  constructor(node: VirtualNode = new VirtualNode(), waitTimeoutMs: number = WAIT_TIMEOUT_MS) {
    this.node = node
    const random = Number(START_NUMBER) / 2 ** 48
    this.local = new LocalNode(NODE_ID, DEFAULT_EPOCH_MS, node.generator, () => random)
    this.fairQueue = new FairQueue(node.environment, node.generator, waitTimeoutMs)
    this.flushScheduler = new FlushScheduler(node.environment)
    this.router = new Router(
      this.local,
      noPeers(NODE_ID),
      this.fairQueue,
      node.environment,
      1_000,
      this.flushScheduler,
    )
  }

  /** What its connections share. */
  get connectionParts(): ConnectionParts {
    const { router, fairQueue, flushScheduler, node } = this
    return (this.#connectionParts ??= new ConnectionParts(
      router,
      fairQueue,
      flushScheduler,
      node.environment,
    ))
  }
}

/** A client of a fake server, served by a connection. */
export class FakeClient extends FakeSocket {
  readonly server: FakeServer
  readonly connection: Connection
  constructor(server: FakeServer = new FakeServer(), newDialect: NewDialect = TCP_DIALECT) {
    super()
    this.server = server
    this.connection = new Connection(this, server.connectionParts, newDialect)
  }

  /** The client sends. */
  send(...chunks: (Uint8Array | string)[]): void {
    for (const chunk of chunks) {
      if (this.paused) throw new Error("read from while paused")
      // A copy, which the connection may keep, as it may keep a socket's chunks.
      this.connection.data(typeof chunk === "string" ? utf8(chunk) : chunk.slice())
    }
  }
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The same bytes in two chunks, cut at `at`. An empty chunk is left out, as sockets send none. */
export function cutAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0)
}
