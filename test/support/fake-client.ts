import {
  DEFAULT_EPOCH_MS,
  RESPONSE_SIZE,
  responseStatus,
  responseValue,
} from "../../protocol/index.ts"
import { FairQueue } from "../../server/generator/fair-queue.ts"
import { LocalNode } from "../../server/routing/local-node.ts"
import { noPeers } from "../../server/routing/peer-directory.ts"
import { Router } from "../../server/routing/router.ts"
import { Connection } from "../../server/transport/connection.ts"
import { ConnectionParts } from "../../server/transport/connection-parts.ts"
import type { ClientSocket } from "../../server/net/listen.ts"
import { FlushScheduler } from "../../server/flush-scheduler.ts"
import type { Answer } from "./tcp-client.ts"
import { NODE_ID, VirtualNode } from "./virtual-node.ts"

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

  constructor(node: VirtualNode = new VirtualNode()) {
    this.node = node
    const random = Number(START_NUMBER) / 2 ** 48
    this.local = new LocalNode(NODE_ID, DEFAULT_EPOCH_MS, node.generator, () => random)
    this.fairQueue = new FairQueue(node.environment, node.generator, WAIT_TIMEOUT_MS)
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

/** A socket without a network: it accepts as much as the test lets it, and notes what is done to it. */
export class FakeClient implements ClientSocket {
  readonly server: FakeServer
  readonly connection: Connection
  /** `pause`, `resume`, `shutdown`, `end` and `terminate`, in their order. */
  readonly calls: string[] = []
  /** The size of every write as it was asked for. */
  readonly writes: number[] = []
  /** How many bytes of a write are accepted; below 0: the socket is closed. */
  accept: (length: number) => number = (length) => length
  readonly #accepted: Uint8Array[] = []

  constructor(server: FakeServer = new FakeServer()) {
    this.server = server
    this.connection = new Connection(this, server.connectionParts)
  }

  get paused(): boolean {
    return this.calls.findLast((call) => call === "pause" || call === "resume") === "pause"
  }

  /** All bytes that were accepted. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#accepted.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of this.#accepted) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  /** The whole answers among them. */
  get answers(): Answer[] {
    const { bytes } = this
    const view = new DataView(bytes.buffer)
    return Array.from({ length: Math.floor(bytes.length / RESPONSE_SIZE) }, (_, i) => {
      const at = i * RESPONSE_SIZE
      return { status: responseStatus(view, at), value: responseValue(view, at) }
    })
  }

  /** The client sends. */
  send(...chunks: (Uint8Array | string)[]): void {
    for (const chunk of chunks) {
      if (this.paused) throw new Error("read from while paused")
      // A copy, which the connection may keep, as it may keep a socket's chunks.
      this.connection.data(typeof chunk === "string" ? utf8(chunk) : chunk.slice())
    }
  }

  /** Forgets what was accepted so far. */
  forget(): void {
    this.#accepted.length = 0
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.writes.push(length)
    const accepted = Math.min(this.accept(length), length)
    if (accepted > 0) this.#accepted.push(bytes.slice(offset, offset + accepted))
    return accepted
  }

  pause(): void {
    this.calls.push("pause")
  }

  resume(): void {
    this.calls.push("resume")
  }

  shutdown(): void {
    this.calls.push("shutdown")
  }

  end(): void {
    this.calls.push("end")
  }

  terminate(): void {
    this.calls.push("terminate")
  }
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The same bytes in two chunks, cut at `at`. An empty chunk is left out, as sockets send none. */
export function cutAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0)
}
