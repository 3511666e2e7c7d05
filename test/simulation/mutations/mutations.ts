import { ID_MUTATIONS } from "./id-mutations.ts"
import type { Mutation } from "./mutation.ts"
import { OWNERSHIP_MUTATIONS } from "./ownership-mutations.ts"

const FORWARDED_REQUEST = "server/routing/forwarded-request.ts"
const FAIR_QUEUE = "server/generator/fair-queue.ts"
const ANSWER_CHECK = "server/peers/answer-check.ts"
const CONNECTION = "server/transport/connection.ts"
const CONNECTION_TABLE = "server/transport/connection-table.ts"

/** In what brings the ids to those that ask: routing, links, connections. */
const WAY_MUTATIONS: readonly Mutation[] = [
  {
    name: "INCRBY of Redis tells the first id of its block, not the last",
    file: "server/transport/redis/encodings.ts",
    text: "high, low + count - 1)",
    replacement: "high, low)",
  },
  {
    name: "a block of FIRN.IDS repeats its first id",
    file: "server/transport/redis/encodings.ts",
    text: "batch.length = putBulk(batch.bytes, batch.length, high, low + i)",
    replacement: "batch.length = putBulk(batch.bytes, batch.length, high, low)",
  },
  {
    name: "a command of Redis that straddles two chunks loses a byte",
    file: "protocol/redis-reader.ts",
    text: "new Uint8Array(this.bytes.subarray(this.#position))",
    replacement: "new Uint8Array(this.bytes.subarray(this.#position + 1))",
  },
  {
    name: "a request is written to the link twice",
    file: "server/peers/link.ts",
    text: "    outbound.write(unsent.bytes, unsent.length)\n",
    replacement:
      "    outbound.write(unsent.bytes, unsent.length); if (!outbound.blocked) outbound.write(unsent.bytes, unsent.length)\n",
  },
  {
    name: "what is forwarded is not marked as such",
    file: "server/peers/link.ts",
    text: "    FLAG_FORWARDED,\n    LINK_IN_FLIGHT_MAX,\n",
    replacement: "    0,\n    LINK_IN_FLIGHT_MAX,\n",
  },
  {
    name: "a request that timed out loses its place in the line",
    file: "protocol/pipeline/in-flight.ts",
    text: "      this.#owners[at] = undefined\n      expired(",
    replacement: "      this.#owners[at] = undefined; if (i === 0) this.shift()\n      expired(",
  },
  {
    name: "a node that failed is asked again",
    file: FORWARDED_REQUEST,
    text: "filter((nodeId) => !failed.includes(nodeId))",
    replacement: "filter((nodeId) => nodeId !== failed[0])",
  },
  {
    name: "a forwarded request is given to two requests at a time",
    file: FORWARDED_REQUEST,
    text: "    if (status === Status.OK) {\n",
    replacement: "    if (status === Status.OK) { this.#parts.spare.push(this)\n",
  },
  {
    name: "the last resort does not read the clock",
    file: FORWARDED_REQUEST,
    text: "    local.begin()\n    if (local.generator",
    replacement: "    if (local.generator",
  },
  {
    name: "answers leave as they come",
    file: "server/transport/answer-queue.ts",
    text: "if (exchange === undefined || exchange.isPending) return undefined",
    replacement: "if (exchange === undefined) return undefined",
  },
  {
    name: "the tail of a partial write is written from its beginning",
    file: "server/net/outbound.ts",
    text: "this.#tail = bytes.slice(accepted, length)",
    replacement: "this.#tail = bytes.slice(0, length)",
  },
  {
    name: "a drained socket forgets what it did not take",
    file: "server/net/outbound.ts",
    text: "const done = this.isClosed || accepted === tail.length",
    replacement: "const done = accepted !== 0",
  },
  {
    name: "a frame in two chunks loses its first bytes",
    file: "protocol/frame-reader.ts",
    text: "if (this.#partialLength > 0 && this.#position < chunk.length)",
    replacement: "if (this.#partialLength > 4 && this.#position < chunk.length)",
  },
  {
    name: "a connection that waited is not read from again",
    file: CONNECTION,
    text: "if (isReading) this.#socket.resume()",
    replacement: "if (isReading && this.#waiting !== undefined) this.#socket.resume()",
  },
  {
    name: "a half-closed client gets no more answers",
    file: CONNECTION,
    text: "      this.#enter(ConnectionState.HALF_OPEN)\n      this.#input.end()\n      this.#run()\n",
    replacement: "      this.#close()\n",
  },
  {
    name: "a lost peer is never tried again",
    file: "server/peers/peer.ts",
    text: "    if (others.length === 0) this.#change(PeerState.DOWN, reason)\n    this.#scheduleRetry()\n",
    replacement: "    if (others.length === 0) this.#change(PeerState.DOWN, reason)\n",
  },
  {
    name: "who waited and got some ids is not served again",
    file: FAIR_QUEUE,
    text: "    if (flow.place < 0) {\n",
    replacement: "    if (flow.place < 0 && !this.#isServing) {\n",
  },
  {
    name: "a refusal is put into the batch while its connection cannot write",
    file: CONNECTION,
    text: "retryAfterMs)\n    this.#queueWaiting()\n    this.#run()\n",
    replacement:
      "retryAfterMs)\n    this.#queueWaiting(); this.#queue.encodeAnswered(this.#parts)\n    this.#run()\n",
  },
  {
    name: "a request that still waits is refused too soon",
    file: FAIR_QUEUE,
    text: "now - (flow.behindSinceMs ?? now) >= this.#timeoutMs",
    replacement: "now - (flow.behindSinceMs ?? now) >= this.#timeoutMs / 2",
  },
  {
    name: "a connection that yielded its turn does not go on",
    file: "server/transport/turn-scheduler.ts",
    text: "for (const connection of running) connection.proceed()",
    replacement: "",
  },
  {
    name: "a node that stops leaves unanswered what comes late",
    file: "server/transport/refusing-dialect.ts",
    text: "    exchange.refuse(Status.NOT_READY, 0)\n    return Parsed.REPLY\n",
    replacement: "    return Parsed.NOTHING\n",
  },
  {
    name: "a node that stops ends connections that are not quiet",
    file: "server/transport/connection-table.ts",
    text: "if (this.#sockets.has(connection) && !connection.isQuiet) continue",
    replacement: "",
  },
  {
    name: "a node that stops does not answer what it has received",
    file: CONNECTION,
    text: "      this.#enter(ConnectionState.DRAINING)\n      this.#run()\n",
    replacement: "      this.#enter(ConnectionState.FIN_SENT)\n      this.#socket.shutdown()\n",
  },
  {
    name: "what was forwarded is forwarded again",
    file: "server/routing/router.ts",
    text: "if ((flags & FLAG_FORWARDED) !== 0 || requestFault(",
    replacement: "if (requestFault(",
  },
  {
    name: "a request for another node is answered here",
    file: "server/routing/local-node.ts",
    text: "        if (target !== this.nodeId) return this.#refuseTarget(exchange)\n",
    replacement: "",
  },
  {
    name: "a line of text in two chunks loses its first half",
    file: "server/transport/text/text-dialect.ts",
    text: "this.#isTooLong ? NOTHING : joined(this.#partial, rest)",
    replacement: "this.#isTooLong ? NOTHING : joined(NOTHING, rest)",
  },
  {
    name: "a client that has left keeps its place",
    file: CONNECTION_TABLE,
    text: "    this.#sockets.delete(connection)\n",
    replacement: "",
  },
  {
    name: "no client is one too many",
    file: CONNECTION_TABLE,
    text: "if (this.#sockets.size < limits.maxConnections) return",
    replacement: "if (this.#sockets.size < Infinity) return",
  },
  {
    name: "a peer may repeat ids",
    file: ANSWER_CHECK,
    text: "high < this.#high || (high === this.#high && low <= this.#low)",
    replacement: "high < this.#high - 1e9",
  },
  {
    name: "only the first id of a block may not come again",
    file: ANSWER_CHECK,
    text: "    this.#low = low + count - 1\n",
    replacement: "    this.#low = low - 1\n",
  },
  {
    name: "a block of a peer may carry",
    file: ANSWER_CHECK,
    text: "(low & SEQUENCE_MAX) + count - 1 > SEQUENCE_MAX",
    replacement: "count - 1 > SEQUENCE_MAX",
  },
  {
    name: "a peer may give ids of the future",
    file: ANSWER_CHECK,
    text: "    if (idTime(high, low) > maxMs) return true\n",
    replacement: "",
  },
  {
    name: "a peer may give ids of another node",
    file: ANSWER_CHECK,
    text: "if (idNode(low) !== this.#nodeId)",
    replacement: "if (idNode(low) < 0)",
  },
  {
    name: "a refusal that makes no sense is passed on",
    file: ANSWER_CHECK,
    text: "  if (detail <= detailMax(status)) return undefined\n",
    replacement: "  if (detail >= 0) return undefined\n",
  },
  {
    name: "a peer that was ejected is never let back",
    file: "server/peers/outlier.ts",
    text: "return nowMs >= this.#untilMs",
    replacement: "return this.#untilMs === -Infinity",
  },
]

export const MUTATIONS: readonly Mutation[] = [
  ...ID_MUTATIONS,
  ...WAY_MUTATIONS,
  ...OWNERSHIP_MUTATIONS,
]
