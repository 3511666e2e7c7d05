import { expect, test } from "bun:test"
import fc from "fast-check"
import {
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  RequestPipeline,
  STATUSES,
} from "../../../protocol/index.ts"
import { responseBytes } from "../../support/fake-peer.ts"
import { RecordingReceiver } from "../../support/recording-receiver.ts"
import type { Request } from "../../support/recording-receiver.ts"

const MAX = 128

interface Place {
  owner: Request | undefined
  readonly sentAtMs: number
  readonly deadlineMs: number
}

/** The same with plain lists, one byte and one request at a time. */
class NaivePipeline {
  readonly heard: string[] = []
  readonly places: Place[] = []
  unsent: number[] = []
  #bytes: number[] = []
  isClosed = false

  send(target: number, owner: Request | undefined, sentAtMs: number, deadlineMs: number): boolean {
    if (this.places.length === MAX) return false
    this.places.push({ owner, sentAtMs, deadlineMs })
    this.unsent.push(Op.KEY, 1, 0, 1, 0, 0, target >>> 8, target & 0xff)
    return true
  }

  receive(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#bytes.push(byte)
      if (this.#bytes.length < RESPONSE_SIZE || this.isClosed) continue
      this.#take(this.#bytes)
      this.#bytes = []
    }
  }

  #take([status, ...value]: number[]): void {
    if (this.places.length === 0) this.#end("unasked")
    else if (status! >= STATUSES.length) this.#end(`unknown status ${status}`)
    else {
      const { owner } = this.places.shift()!
      const id = BigInt(`0x${Uint8Array.from(value).toHex()}`)
      this.heard.push(`${owner?.name ?? "nobody"}: ${status} ${id >> 32n} ${id & 0xffff_ffffn}`)
      if (owner?.closes === true) this.isClosed = true
    }
  }

  #end(reason: string): void {
    this.heard.push(reason)
    this.isClosed = true
  }

  expire(nowMs: number): void {
    for (const place of this.places) {
      if (place.owner === undefined || place.deadlineMs > nowMs) continue
      this.heard.push(`${place.owner.name} waited ${Math.round(nowMs - place.sentAtMs)}`)
      place.owner = undefined
    }
  }
}

type Step =
  | { readonly kind: "send"; readonly count: number; readonly limitMs: number }
  | { readonly kind: "write" }
  | {
      readonly kind: "answer"
      readonly statuses: readonly number[]
      readonly cuts: readonly number[]
      /** So many answers more than there are requests in flight. */
      readonly unasked: number
    }
  | { readonly kind: "expire"; readonly passMs: number }

const KNOWN = fc.integer({ min: 0, max: STATUSES.length - 1 })
const statuses = fc.array(
  fc.oneof({ weight: 999, arbitrary: KNOWN }, { weight: 1, arbitrary: fc.constantFrom(9, 255) }),
  { maxLength: 60, size: "max" },
)
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("send"),
    count: fc.integer({ min: 1, max: 80 }),
    limitMs: fc.double({ min: 0, max: 30, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("write") }),
  fc.record({
    kind: fc.constant("answer"),
    statuses,
    cuts: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
    unasked: fc.oneof(
      { weight: 20, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(1, 2) },
    ),
  }),
  fc.record({ kind: fc.constant("expire"), passMs: fc.double({ min: 0, max: 15, noNaN: true }) }),
)

/** One request in 16 has no owner, and the answer to one in 500 closes the pipeline. */
function ownerOf(name: number): Request | undefined {
  return name % 16 === 5 ? undefined : { name, closes: name % 500 === 499 }
}

/** The bytes in chunks of these lengths, and the rest in one. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0
  const chunks = lengths.map((length) => bytes.slice(at, (at += length)))
  return [...chunks, bytes.slice(at)].filter(({ length }) => length > 0)
}

/** Does the same to both, and compares them after every step. */
class Run {
  readonly #receiver = new RecordingReceiver()
  readonly #pipeline = new RequestPipeline<Request>(this.#receiver, 1, MAX)
  readonly #model = new NaivePipeline()
  #nowMs = 0
  #sent = 0
  #answered = 0n

  constructor() {
    this.#receiver.pipeline = this.#pipeline
  }

  do(step: Step): void {
    if (step.kind === "send") for (let i = 0; i < step.count; i++) this.#send(step.limitMs)
    else if (step.kind === "write") this.#write()
    else if (step.kind === "answer")
      this.#answer(step.statuses.slice(0, this.#model.places.length + step.unasked), step.cuts)
    else {
      this.#nowMs += step.passMs
      this.#pipeline.expire(this.#nowMs)
      this.#model.expire(this.#nowMs)
    }
    const { places, heard } = this.#model
    const waiting = places.filter(({ owner }) => owner !== undefined)
    expect(this.#receiver.heard).toEqual(heard)
    expect(this.#pipeline.inFlight).toBe(places.length)
    expect(this.#pipeline.oldestMs).toBe(places[0]?.sentAtMs ?? Infinity)
    const earliestMs = Math.min(...waiting.map(({ deadlineMs }) => deadlineMs))
    expect(this.#pipeline.earliestDeadlineMs()).toBe(earliestMs)
    expect(this.#pipeline.unsent.length).toBe(this.#model.unsent.length)
  }

  #send(limitMs: number): void {
    if (this.#model.isClosed) return
    const name = this.#sent++
    const [nowMs, deadlineMs] = [this.#nowMs, this.#nowMs + limitMs]
    const isSent = this.#pipeline.send(Op.KEY, 1, name, ownerOf(name), nowMs, deadlineMs)
    expect(isSent).toBe(this.#model.send(name, ownerOf(name), nowMs, deadlineMs))
  }

  #write(): void {
    const { unsent } = this.#pipeline
    expect([...unsent.bytes.subarray(0, unsent.length)]).toEqual(this.#model.unsent)
    expect(unsent.length % REQUEST_SIZE).toBe(0)
    unsent.clear()
    this.#model.unsent = []
  }

  #answer(codes: readonly number[], cuts: readonly number[]): void {
    // Each answer has a value of its own, in both halves.
    const frames = codes.map((code) => responseBytes(code, this.#answered++ * 0x1_0000_0001n))
    for (const chunk of cut(Buffer.concat(frames), cuts)) {
      this.#pipeline.receive(chunk)
      this.#model.receive(chunk)
    }
  }
}

test("a pipeline does as plain lists do, whatever is sent, answered, cut and late", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 40, size: "max" }), (plan) => {
      const run = new Run()
      for (const step of plan) run.do(step)
    }),
    { numRuns: 400 },
  )
})
