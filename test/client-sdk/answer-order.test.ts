import { expect, test } from "bun:test"
import fc from "fast-check"
import { Call } from "../../client-sdk/call.ts"
import { Connection } from "../../client-sdk/connection.ts"
import { CHECK_OPS } from "../../client-sdk/server-check.ts"
import { FirnError } from "../../client-sdk/errors.ts"
import { FlushScheduler } from "../../client-sdk/flush-scheduler.ts"
import { Op, REQUEST_SIZE, halvesToNumber } from "../../protocol/index.ts"
import { requestAt } from "../support/fake-peer.ts"
import { outcomeOf } from "../support/firn-failure.ts"
import { okResponse } from "../support/tcp-peer.ts"
import { VirtualClientEnvironment } from "../support/virtual-client-environment.ts"
import type { Wire } from "../support/virtual-network.ts"

const ADDRESS = { host: "10.0.0.9", port: 6_454 }

type Step =
  | { readonly kind: "call"; readonly times: number; readonly timeoutMs: number }
  | { readonly kind: "abort"; readonly which: number }
  | { readonly kind: "answer"; readonly times: number; readonly cuts: readonly number[] }
  | { readonly kind: "pass"; readonly ms: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("call"),
    times: fc.integer({ min: 1, max: 100 }),
    timeoutMs: fc.integer({ min: 2, max: 60 }),
  }),
  fc.record({ kind: fc.constant("abort"), which: fc.nat(50) }),
  fc.record({
    kind: fc.constant("answer"),
    times: fc.integer({ min: 1, max: 100 }),
    cuts: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 10 }),
  }),
  fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 40 }) }),
)

interface Asked {
  readonly call: Call<number>
  readonly deadlineMs: number
  /** The serial number that its answer has, the code of its error, or neither yet. */
  expected: number | string | undefined
}

/** A connection whose other end answers each request with the request's own serial number. */
class Run {
  readonly #environment = new VirtualClientEnvironment()
  readonly #connection: Connection
  readonly #asked: Asked[] = []
  #wire!: Wire
  /** What came after the two requests for what it is, in order: serial numbers, and PINGs. */
  readonly #requests: (number | "PING")[] = []
  #checks = 0
  #answered = 0

  constructor() {
    this.#environment.network.listen(`${ADDRESS.host}:${ADDRESS.port}`, (wire) => {
      this.#wire = wire
      return { data: (chunk) => this.#received(chunk) }
    })
    this.#connection = new Connection(
      {
        server: "fake",
        address: ADDRESS,
        tls: undefined,
        connectTimeoutMs: 1_000,
        silenceMs: Infinity,
        environment: this.#environment,
        flushScheduler: new FlushScheduler(() => this.#environment.monotonicMs()),
      },
      {
        checked: () => undefined,
        ready() {},
        failed: (call, failure) => call.fail(failure),
        moved() {},
        silent() {},
        closed() {},
      },
    )
  }

  async open(): Promise<void> {
    await this.pass(2)
    this.#wire.send(...CHECK_OPS.map(() => okResponse(1n)))
    await this.pass(1)
  }

  #received(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += REQUEST_SIZE) {
      const { op, target } = requestAt(chunk, at)
      if (this.#checks++ >= CHECK_OPS.length) this.#requests.push(op === Op.PING ? "PING" : target)
    }
  }

  call(timeoutMs: number): void {
    const target = { op: Op.KEY, value: this.#asked.length }
    const nowMs = this.#environment.monotonicMs()
    const deadlineMs = nowMs + timeoutMs
    const options = { target, timeoutMs, signal: undefined }
    const call = new Call(options, 1, deadlineMs, halvesToNumber, { settled() {} })
    expect(this.#connection.send(call, nowMs, Infinity)).toBe(true)
    this.#asked.push({ call, deadlineMs, expected: undefined })
  }

  abort(which: number): void {
    const open = this.#asked.filter(({ expected }) => expected === undefined)
    const asked = open[which % Math.max(1, open.length)]
    if (asked === undefined) return
    asked.call.fail(new FirnError("ABORTED", "for a test"))
    asked.expected = "ABORTED"
  }

  /** Answers the oldest `times` of the requests, in chunks of these lengths. */
  async answer(times: number, cuts: readonly number[]): Promise<void> {
    const answered = this.#requests.slice(this.#answered, this.#answered + times)
    this.#answered += answered.length
    let bytes = Buffer.concat(
      answered.map((serial) => okResponse(serial === "PING" ? 9_999n : BigInt(serial))),
    )
    for (const cut of cuts) {
      if (cut < bytes.length) this.#wire.send(bytes.subarray(0, cut))
      if (cut < bytes.length) bytes = bytes.subarray(cut)
    }
    this.#wire.send(bytes)
    await this.#environment.pass(1)
    // One that comes at the moment of its deadline is in time.
    for (const serial of answered) {
      if (serial !== "PING") this.#asked[serial]!.expected ??= serial
    }
    await this.pass(0)
  }

  async pass(ms: number): Promise<void> {
    await this.#environment.pass(ms)
    const nowMs = this.#environment.monotonicMs()
    for (const asked of this.#asked) if (asked.deadlineMs <= nowMs) asked.expected ??= "TIMEOUT"
  }

  check(): void {
    const outcomes = this.#asked.map(({ call }) => outcomeOf(call))
    expect(outcomes).toEqual(this.#asked.map(({ expected }) => expected))
    const bytes = this.#wire.writes.reduce((sum, length) => sum + length, 0)
    const sent = bytes / REQUEST_SIZE - CHECK_OPS.length
    expect(this.#connection.inFlight).toBe(sent - this.#answered)
    expect(this.#environment.timers).toBeLessThanOrEqual(1)
  }
}

test("every call gets its own answer, whatever the chunks, the timeouts and the aborts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (plan) => {
      const run = new Run()
      await run.open()
      for (const step of plan) {
        if (step.kind === "call") for (let i = 0; i < step.times; i++) run.call(step.timeoutMs)
        else if (step.kind === "abort") run.abort(step.which)
        else if (step.kind === "answer") await run.answer(step.times, step.cuts)
        else await run.pass(step.ms)
        // What was asked is under way.
        await run.pass(0)
        run.check()
      }
    }),
    { numRuns: 200 },
  )
})
