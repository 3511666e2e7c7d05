import { expect, test } from "bun:test"
import fc from "fast-check"
import { Op, keyHash } from "../../../protocol/index.ts"
import { ClientExchange } from "../../../server/transport/dialect.ts"
import { parseIdName } from "../../../server/transport/id-name.ts"

/** The grammar, written down once more. */
function expected(name: string): [number, number] | undefined {
  if (name === "local") return [Op.LOCAL, 0]
  if (name === "random") return [Op.RANDOM, 0]
  const [, key] = /^key:([^]+)$/.exec(name) ?? []
  if (key !== undefined) return [Op.KEY, keyHash(key)]
  const [, node] = /^node:(0|[1-9][0-9]*)$/.exec(name) ?? []
  return node !== undefined && Number(node) <= 1023 ? [Op.NODE, Number(node)] : undefined
}

/** @returns what the name stands for, read from the middle of other bytes */
function parsed(name: string): [number, number] | undefined {
  const exchange = new ClientExchange()
  exchange.flags = 1
  exchange.count = 9
  const bytes = Buffer.from(`7${name}7`)
  if (!parseIdName(bytes, 1, bytes.length - 1, exchange)) return undefined
  expect([exchange.flags, exchange.count]).toEqual([0, 1])
  return [exchange.op, exchange.target]
}

test("names are read as their grammar has them", () => {
  const word = fc.constantFrom("local", "random", "node:", "key:", "node", "LOCAL", ":", "0", "")
  const end = fc.oneof(
    fc.constant(""),
    fc.integer({ min: -5, max: 12_000 }).map(String),
    fc.stringMatching(/^[0-9]{0,5}$/),
    fc.string({ unit: "binary", maxLength: 5 }),
  )
  const name = fc.tuple(word, end).map((parts) => parts.join(""))
  fc.assert(
    fc.property(name, (text) => expect(parsed(text)).toEqual(expected(text))),
    { numRuns: 5_000 },
  )
})
