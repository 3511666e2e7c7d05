/** A mistake that could be made in one line of the server. */
export interface Mutation {
  readonly name: string
  readonly file: string
  /** Stands in the file once. */
  readonly text: string
  readonly replacement: string
}

const GENERATOR = "server/generator/generator.ts"
const FIRST_MARK = "server/generator/first-mark.ts"
const RESERVATION = "server/generator/reservation.ts"
const TRUSTED_CLOCK = "server/generator/trusted-clock.ts"
const FORWARDED_REQUEST = "server/routing/forwarded-request.ts"
const FAIR_QUEUE = "server/generator/fair-queue.ts"
const CONNECTION = "server/transport/connection.ts"
const CONNECTION_TABLE = "server/transport/connection-table.ts"

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "the bound moves before the mark is stored",
    file: RESERVATION,
    text: "    this.#writing = true\n",
    replacement: "    this.#writing = true; this.bound = mark\n",
  },
  {
    name: "a write that failed counts as done",
    file: RESERVATION,
    text: "if (error !== undefined) this.#fail(error)",
    replacement: "if (error !== undefined && this.#failed) this.#fail(error)",
  },
  {
    name: "the first ids do not wait for the first mark",
    file: FIRST_MARK,
    text: "store.extend(bound, (error) => (error === undefined ? resolve() : reject(error)))",
    replacement: "store.extend(bound, () => {}); resolve()",
  },
  {
    name: "a start begins a millisecond before the mark",
    file: GENERATOR,
    text: "    this.#time = mark - 1\n",
    replacement: "    this.#time = mark - 2\n",
  },
  {
    name: "a stop stores the time of the last id, not the one after",
    file: GENERATOR,
    text: "return this.#lastIssuedTime + 1",
    replacement: "return this.#lastIssuedTime",
  },
  {
    name: "the clock is followed whenever it differs",
    file: GENERATOR,
    text: "    if (lead >= 0) return\n",
    replacement: "    if (lead === 0) return\n",
  },
  {
    name: "the time may reach the mark",
    file: GENERATOR,
    text: "return this.#time + 1 >= this.#reservation.bound",
    replacement: "return this.#time >= this.#reservation.bound",
  },
  {
    name: "the sequence wraps",
    file: GENERATOR,
    text: "this.#next + count > COUNT_MAX)",
    replacement: "this.#next >= COUNT_MAX)",
  },
  {
    name: "a block leaves one id too few behind it",
    file: GENERATOR,
    text: "    this.#next += count\n",
    replacement: "    this.#next += count - 1 || 1\n",
  },
  {
    name: "time that was not used while the clock is behind is saved up",
    file: GENERATOR,
    text: "Math.min(this.#ceiling + passedMs, this.#time + BURST_MS)",
    replacement: "this.#ceiling + passedMs",
  },
  {
    name: "no bound on how far ids may be ahead of the clock",
    file: GENERATOR,
    text: "else this.#ceiling = Math.min(this.#ceiling, this.#wall + this.#maxClockLeadMs)",
    replacement: "",
  },
  {
    name: "the full reserve is kept also ahead of the clock",
    file: RESERVATION,
    text: "time + AHEAD_RESERVE_MS), TIME_LIMIT)",
    replacement: "time + RESERVE_MS), TIME_LIMIT)",
  },
  {
    name: "the mark is not extended after a failure",
    file: RESERVATION,
    text: "this.#environment.monotonicMs() < this.#retryAtMs) return",
    replacement: "this.#retryAtMs > 0) return",
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
    text: "      if (idNode(low) === nodeId) {\n",
    replacement: "      if (idNode(low) === nodeId) { this.#parts.spare.push(this)\n",
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
    name: "the time of the last id is not remembered",
    file: GENERATOR,
    text: "    if (this.#next > this.#first) this.#lastIssuedTime = this.#time\n",
    replacement: "",
  },
  {
    name: "the clock being behind is never a reason to refuse",
    file: GENERATOR,
    text: "if (lead > this.#maxClockLeadMs) this.#hold = Status.CLOCK_BEHIND",
    replacement: "if (lead > Infinity) this.#hold = Status.CLOCK_BEHIND",
  },
  {
    name: "the first mark does not look at the one before",
    file: FIRST_MARK,
    text: "reservedUpTo(clock.read() - epochMs, mark)",
    replacement: "reservedUpTo(clock.read() - epochMs, 0)",
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
      "retryAfterMs)\n    this.#queueWaiting(); this.#encodeAnswered()\n    this.#run()\n",
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
    text: "for (const connection of due) connection.proceed()",
    replacement: "due[0]?.proceed()",
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
    name: "an unconfirmed leap is followed",
    file: TRUSTED_CLOCK,
    text: "return wall - due > this.limitMs ?",
    replacement: "return wall - due > Infinity ?",
  },
  {
    name: "a leap is followed when it is seen for the second time",
    file: TRUSTED_CLOCK,
    text: "    this.#checkedMs = NaN\n",
    replacement: "    this.#checkedMs = wall\n",
  },
  {
    name: "a leap that peers contradict is followed after 5 s",
    file: TRUSTED_CLOCK,
    text: "if (contradicting > agreeing) doubt.isContradicted = true",
    replacement: "if (contradicting > Infinity) doubt.isContradicted = true",
  },
  {
    name: "a leap that stands is never followed",
    file: TRUSTED_CLOCK,
    text: "agreeing > contradicting || this.#hasStood(doubt, now, standMs)",
    replacement: "agreeing > contradicting",
  },
  {
    name: "a start believes a clock that peers contradict",
    file: "server/clock-watch.ts",
    text: "    this.#clock.judge(votes, standMs)\n",
    replacement:
      "    this.#clock.judge(standMs === 0 ? { agreeing: 1, contradicting: 0 } : votes, standMs)\n",
  },
  {
    name: "a start with a clock that peers contradict stores its first mark all the same",
    file: "server/node.ts",
    text: "if (clock.isKnown) reservation.begin(await storeFirstMark(mark, epochMs, store, clock))",
    replacement:
      "reservation.begin(await storeFirstMark(mark, epochMs, store, { read: () => environment.wallMs() } as TrustedClock))",
  },
  {
    name: "a step back is taken for the right time",
    file: TRUSTED_CLOCK,
    text: "    if (wall >= this.#latestMs) {\n",
    replacement: "    if (wall >= 0) {\n",
  },
  {
    name: "no bound on how far ids may be behind the clock",
    file: GENERATOR,
    text: "else if (lagMs > this.#maxClockLagMs) this.#hold = Outcome.WAIT",
    replacement: "else if (lagMs > Infinity) this.#hold = Outcome.WAIT",
  },
  {
    name: "ids go on below a mark that cannot be stored, however old they get",
    file: GENERATOR,
    text: "    else this.#lag(-lead)\n",
    replacement: "",
  },
]
