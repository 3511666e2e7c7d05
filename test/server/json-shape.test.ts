import { expect, test } from "bun:test"
import { InputError } from "../../protocol/index.ts"
import { integer, list, nullable, number, record, string } from "../../server/json-shape.ts"

interface Sample {
  readonly name: string
  readonly size: number | null
  readonly parts: readonly number[]
}

const SAMPLE = record<Sample>("a sample", {
  name: string("what it is called", /^[a-z]+$/),
  size: nullable(number("in metres")),
  parts: list(integer("a part")),
})

test("a shape describes itself in the words of JSON Schema", () => {
  expect(SAMPLE.schema).toEqual({
    type: "object",
    description: "a sample",
    properties: {
      name: { type: "string", description: "what it is called", pattern: "^[a-z]+$" },
      size: { anyOf: [{ type: "number", description: "in metres" }, { type: "null" }] },
      parts: { type: "array", items: { type: "integer", description: "a part" } },
    },
    required: ["name", "size", "parts"],
  })
})

test("a shape reads what it describes, and leaves out the rest", () => {
  const sample = { name: "a", size: null, parts: [1, 2] }
  expect(SAMPLE.read({ ...sample, other: true }, "")).toEqual(sample)
  expect(SAMPLE.read({ ...sample, size: 1.5 }, "")).toEqual({ ...sample, size: 1.5 })
})

test("a shape says where a value is not as described", () => {
  const sample = { name: "a", size: null, parts: [1, 2] }
  for (const [change, message] of [
    [{ name: "A" }, "it.name is not a string that matches ^[a-z]+$"],
    [{ size: undefined }, "it.size is missing"],
    [{ parts: [1, 2.5] }, "it.parts[1] is not a whole number"],
  ] as const) {
    expect(() => SAMPLE.read({ ...sample, ...change }, "it")).toThrow(new InputError(message))
  }
})
