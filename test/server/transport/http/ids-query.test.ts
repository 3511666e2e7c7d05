import { describe, expect, test } from "bun:test"
import { InputError, Op, keyHash } from "../../../../protocol/index.ts"
import { parseLocalQuery, parseRoutedQuery } from "../../../../server/transport/http/ids-query.ts"

const LOCAL = { op: Op.LOCAL, target: 0, count: undefined }
const RANDOM = { op: Op.RANDOM, target: 0, count: undefined }

function key(text: string): object {
  return { op: Op.KEY, target: keyHash(text), count: undefined }
}

describe("the query of /lunique", () => {
  test.each([
    ["", undefined],
    ["n=1", 1],
    ["n=4096", 4_096],
    ["n=0007", 7],
    ["x=1&n=20", 20],
    ["target=random", undefined],
  ])("%j asks this node for n = %p", (query, count) => {
    expect(parseLocalQuery(query)).toEqual({ ...LOCAL, count })
  })

  test.each(["n=", "n=0", "n=4097", "n=-1", "n=1.5", "n=x", "n=00001", "n=+1", "n=1e3"])(
    "%j is refused",
    (query) => {
      expect(() => parseLocalQuery(query)).toThrow(InputError)
      expect(() => parseRoutedQuery(query)).toThrow(
        /^n "[^"]*" is not a whole number from 1 to 4096$/,
      )
    },
  )
})

describe("the query of /dunique", () => {
  test.each([
    ["", LOCAL],
    ["n=5", { ...LOCAL, count: 5 }],
    ["target=random", RANDOM],
    ["target=random&n=1", { ...RANDOM, count: 1 }],
    ["n=3&target=random", { ...RANDOM, count: 3 }],
    ["target=0", { op: Op.NODE, target: 0, count: undefined }],
    ["target=1023&n=2", { op: Op.NODE, target: 1_023, count: 2 }],
    ["target=007", { op: Op.NODE, target: 7, count: undefined }],
    ["target=1024", { op: Op.NODE, target: 1_024, count: undefined }],
    ["target=999999999", { op: Op.NODE, target: 999_999_999, count: undefined }],
    ["target=order-42", key("order-42")],
    ["target=Random", key("Random")],
    ["target=-1", key("-1")],
    ["target=1.5", key("1.5")],
    ["target=42x", key("42x")],
    ["target=a+b%26c", key("a b&c")],
    ["target=%C3%A4", key("ä")],
    ["target=%20", key(" ")],
    ["key=42", key("42")],
    ["key=random", key("random")],
    ["key=12345678901234567890", key("12345678901234567890")],
    ["other=1", LOCAL],
  ])("%j is understood", (query, expected) => {
    expect(parseRoutedQuery(query)).toEqual(expected as never)
  })

  test.each([
    ["target=", "target is empty: give random, a node id or a key"],
    ["key=", "key is empty: give random, a node id or a key"],
    ["target=1&key=1", "give a target or a key, not both"],
    ["key=&target=random", "give a target or a key, not both"],
    ["target=1234567890", 'target "1234567890" is no node id; a key of digits is given as key=…'],
    ["target=random&n=0", 'n "0" is not a whole number from 1 to 4096'],
  ])("%j is refused, and what is wrong is said", (query, message) => {
    expect(() => parseRoutedQuery(query)).toThrow(new InputError(message))
  })
})
