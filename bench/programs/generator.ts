/*
 * Measures one way to make ids, or their text, by mitata; prints nanoseconds an id.
 *
 *   bun bench/programs/generator.ts take
 */
import { do_not_optimize, measure } from "mitata"
import {
  DECIMAL_LENGTH_MAX,
  DEFAULT_EPOCH_MS,
  RESPONSE_SIZE,
  Status,
  encodeDecimal,
  encodeResponse,
} from "../../protocol/index.ts"
import { AnswerSlot } from "../../server/exchange.ts"
import { Generator } from "../../server/generator/generator.ts"
import { Reservation } from "../../server/generator/reservation.ts"
import type { MarkStore } from "../../server/generator/reservation.ts"
import { TrustedClock } from "../../server/generator/trusted-clock.ts"
import { systemEnvironment } from "../../server/environment.ts"

/** Ids a chunk, as for a connection with this many requests in flight. */
const CHUNK = 128
const NODE_ID = 7
const MAX_LEAD_MS = 10_000

const scratch = Buffer.alloc(DECIMAL_LENGTH_MAX)
const answers = new DataView(new ArrayBuffer(CHUNK * RESPONSE_SIZE))
/** The id that README.md of the protocol takes apart. */
const HIGH = 19_534_860
const LOW = 625_012_778
const bigId = (BigInt(HIGH) << 32n) | BigInt(LOW)

/** A generator whose clock moves on with each chunk. In real time it would run out of ids. */
function createGenerator(): Generator {
  let chunks = 0
  const environment = { ...systemEnvironment, wallMs: () => Date.now() + chunks++ }
  const store: MarkStore = { extend: (_, done) => done() }
  const events = { failed: () => {}, recovered: () => {} }
  const mark = Date.now() - DEFAULT_EPOCH_MS
  const reservation = new Reservation(mark + 1_000, store, environment, events)
  const clock = new TrustedClock(environment, MAX_LEAD_MS, DEFAULT_EPOCH_MS + mark - 1)
  return new Generator({
    nodeId: NODE_ID,
    epochMs: DEFAULT_EPOCH_MS,
    mark,
    reservation,
    maxClockLeadMs: MAX_LEAD_MS,
    maxClockLagMs: 1_000,
    clock,
    environment,
  })
}

const generator = createGenerator()
const slot = new AnswerSlot()

function take(): number {
  let low = 0
  generator.begin()
  for (let i = 0; i < CHUNK; i++) {
    if (generator.take(1, slot) !== Status.OK) throw new Error("there are no ids")
    low ^= slot.low
  }
  return low
}

function answer(): DataView {
  generator.begin()
  for (let i = 0; i < CHUNK; i++) {
    if (generator.take(1, slot) !== Status.OK) throw new Error("there are no ids")
    encodeResponse(answers, i * RESPONSE_SIZE, Status.OK, slot.high, slot.low)
  }
  return answers
}

let lastMs = 0
let sequence = 0n

/** The way such generators are mostly written in JavaScript: a clock read and a bigint an id. */
function bigintIds(): bigint {
  let id = 0n
  for (let i = 0; i < CHUNK; i++) {
    const now = Date.now()
    sequence = now === lastMs ? (sequence + 1n) & 4_095n : 0n
    lastMs = now
    id = (BigInt(now - DEFAULT_EPOCH_MS) << 22n) | (BigInt(NODE_ID) << 12n) | sequence
  }
  return id
}

function texts(textOf: (i: number) => string): () => number {
  return () => {
    let length = 0
    for (let i = 0; i < CHUNK; i++) length += textOf(i).length
    return length
  }
}

const WAYS: Readonly<Record<string, () => unknown>> = {
  take,
  answer,
  bigint: bigintIds,
  text: texts((i) => scratch.toString("latin1", 0, encodeDecimal(scratch, 0, HIGH, LOW + i))),
  bigintText: texts((i) => (bigId + BigInt(i)).toString()),
}

const way = WAYS[Bun.argv[2] ?? ""]
if (way === undefined) throw new Error(`the ways are ${Object.keys(WAYS).join(", ")}`)
const { p50 } = await measure(() => do_not_optimize(way()), {})
console.log(JSON.stringify(p50 / CHUNK))
