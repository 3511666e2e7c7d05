import { describe, expect, test } from "bun:test"
import { InputError, Op, keyHash } from "../../../../protocol/index.ts"
import { parseLocalQuery, parseRoutedQuery } from "../../../../server/transport/http/ids-query.ts"

const LOCAL = { op: Op.LOCAL, target: 0, count: undefined }
const RANDOM = { op: Op.RANDOM, target: 0, count: undefined }

function noTarget(shown: string): string {
  return `"${shown}" is no target: it is random, a node id such as 7 or node:7, or key:TEXT`
}

function key(text: string): object {
  return { op: Op.KEY, target: keyHash(text), count: undefined }
}

describe("the query of /lunique", () => {
  test.each([
    ["", undefined],
    ["n=1", 1],
    ["n=4096", 4_096],
    ["n=0007", 7],
    ["%6E=20", 20],
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
    ["target=node:7", { op: Op.NODE, target: 7, count: undefined }],
    ["target=1024", { op: Op.NODE, target: 1_024, count: undefined }],
    ["target=999999999", { op: Op.NODE, target: 999_999_999, count: undefined }],
    ["target=key:order-42", key("order-42")],
    ["target=key:user:42", key("user:42")],
    ["target=key:a+b%26c", key("a b&c")],
    ["target=key%3A%C3%A4", key("ä")],
    ["target=key:%20", key(" ")],
    ["key=42", key("42")],
    ["key=random", key("random")],
    ["key=12345678901234567890", key("12345678901234567890")],
  ])("%j is understood", (query, expected) => {
    expect(parseRoutedQuery(query)).toEqual(expected as never)
  })

  test.each([
    ["target=", noTarget("")],
    ["target=-1", noTarget("-1")],
    ["target=01", noTarget("01")],
    ["target=node:01", noTarget("node:01")],
    ["target=RANDOM", noTarget("RANDOM")],
    ["target=order-42", noTarget("order-42")],
    ["target=key:", noTarget("key:")],
    ["target=1234567890", noTarget("1234567890")],
    [`target=${"x".repeat(1_000)}`, noTarget(`${"x".repeat(60)}…`)],
    ["key=", "key is empty"],
    ["count=3", 'there is no parameter "count": here it is n, target, key'],
    ["N=3", 'there is no parameter "N": here it is n, target, key'],
    ["n=1&n=1", "n is there twice"],
    ["n=1&%6e=2", "n is there twice"],
    ["target=1&target=1", "target is there twice"],
    ["key", "key has no value: write key=…"],
    ["n=1&", 'there is no parameter "": here it is n, target, key'],
    ["key=%FF", '"%FF" is not percent-encoded UTF-8'],
    ["key=%ZZ", '"%ZZ" is not percent-encoded UTF-8'],
    ["key=50%", '"50%" is not percent-encoded UTF-8'],
    ["target=1&key=1", "give a target or a key, not both"],
    ["key=&target=random", "give a target or a key, not both"],
    ["target=random&n=0", 'n "0" is not a whole number from 1 to 4096'],
  ])("%j is refused, and what is wrong is said", (query, message) => {
    expect(() => parseRoutedQuery(query)).toThrow(new InputError(message))
  })
})
