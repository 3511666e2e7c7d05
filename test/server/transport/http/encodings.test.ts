import { describe, expect, test } from "bun:test"
import { COUNT_MAX, Status, highHalf, lowHalf } from "../../../../protocol/index.ts"
import { ClientExchange } from "../../../../server/transport/dialect.ts"
import { IdsEncodings, IdsForm } from "../../../../server/transport/http/encodings.ts"
import { Persistence } from "../../../../server/transport/http/request.ts"
import { Responses } from "../../../../server/transport/http/responses.ts"
import { BATCH_SIZE, WriteBatch } from "../../../../server/transport/write-batch.ts"
import { parseResponses } from "../../../support/http-request.ts"
import type { HttpResponse } from "../../../support/http-request.ts"
import { VirtualEnvironment } from "../../../support/virtual-environment.ts"

const responses = new Responses(new VirtualEnvironment())
const encodings = new IdsEncodings(responses)

function block(first: bigint, count: number): ClientExchange {
  const high = Number(first >> 32n)
  const low = Number(first & 0xffff_ffffn)
  return Object.assign(new ClientExchange(), { status: Status.OK, high, low, count })
}

/** What is written behind `before` bytes of other answers. */
function encode(
  exchange: ClientExchange,
  form: IdsForm,
  persistence: Persistence = Persistence.KEEP,
  before = 0,
): HttpResponse {
  const batch = new WriteBatch()
  batch.length = before
  encodings.of(form, persistence).encode(exchange, batch)
  const text = new TextDecoder().decode(batch.bytes.subarray(before, batch.length))
  const [response, ...others] = parseResponses(text)
  expect(others).toEqual([])
  return response!
}

/** A naive writer of the same body. */
function bodyOf(first: bigint, count: number, form: IdsForm): string {
  const ids = Array.from({ length: count }, (_, i) => String(first + BigInt(i)))
  if (form === IdsForm.LINES) return ids.map((id) => `${id}\n`).join("")
  return JSON.stringify(form === IdsForm.JSON_ID ? { id: ids[0] } : { ids })
}

describe("ids are written as a naive writer would", () => {
  const powers = Array.from({ length: 20 }, (_, digits) => 10n ** BigInt(digits))
  /** A block lies within one value of its upper half. */
  const isBlock = (first: bigint, count: number): boolean =>
    first >= 0n &&
    first >> 32n === (first + BigInt(count - 1)) >> 32n &&
    first + BigInt(count) <= 2n ** 64n

  test.each(Object.entries(IdsForm))("as %s, also where they get longer", (_, form) => {
    let blocks = 0
    for (const power of [...powers, 2n ** 64n]) {
      for (const count of form === IdsForm.JSON_ID ? [1] : [1, 2, 9, 10, 11, 100, COUNT_MAX]) {
        for (const back of [0, 1, Math.floor(count / 2), count]) {
          const first = power - BigInt(back)
          if (!isBlock(first, count)) continue
          expect(encode(block(first, count), form).body).toBe(bodyOf(first, count, form))
          blocks++
        }
      }
    }
    expect(blocks).toBeGreaterThan(40)
  })
})

test("the longest answer has room in a batch that is almost full", () => {
  const first = 2n ** 64n - BigInt(COUNT_MAX)
  const { body } = encode(block(first, COUNT_MAX), IdsForm.JSON_LIST, 2, BATCH_SIZE - 1)
  expect(body).toBe(bodyOf(first, COUNT_MAX, IdsForm.JSON_LIST))
})

test("a refusal is a response too, with its own status", () => {
  const exchange = new ClientExchange()
  exchange.refuse(Status.OVERLOADED, 2_500)
  expect([exchange.high, exchange.low]).toEqual([highHalf(2_500), lowHalf(2_500)])
  for (const form of Object.values(IdsForm)) {
    expect(encode(exchange, form, Persistence.CLOSE)).toMatchObject({
      status: 503,
      headers: { "retry-after": "3", connection: "close" },
      body: expect.stringMatching(
        form === IdsForm.LINES
          ? /^OVERLOADED: [^\n]+\n$/
          : /^\{.*"detail":"OVERLOADED: [^\n"]+"\}$/,
      ),
    })
  }
})
