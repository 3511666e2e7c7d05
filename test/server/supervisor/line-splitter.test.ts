import { expect, test } from "bun:test"
import { LineSplitter } from "../../../server/supervisor/line-splitter.ts"
import { utf8 } from "../../support/fake-client.ts"

const TEXT = '{"msg":"ünïcödé 🌨"}\n\nsecond line\n'
const LINES = ['{"msg":"ünïcödé 🌨"}', "", "second line"]

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return lines
}

test("lines come out whole, in chunks of whatever size they come in", () => {
  const bytes = utf8(TEXT)
  for (let size = 1; size <= bytes.length; size++) {
    const count = Math.ceil(bytes.length / size)
    const chunks = Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size))
    expect(split(chunks)).toEqual(LINES)
  }
})

test("a last line without an ending comes at the end", () => {
  expect(split([utf8("one\ntw"), utf8("o")])).toEqual(["one", "two"])
  expect(split([])).toEqual([])
})

test("what never ends is passed on in pieces, and nothing of it is lost", () => {
  const chunk = utf8("x".repeat(50_000))
  const lines = split([chunk, chunk, chunk, utf8("\nnext\n")])
  expect(lines.at(-1)).toBe("next")
  expect(lines.slice(0, -1).join("")).toBe("x".repeat(150_000))
  expect(lines.map(({ length }) => length)).toEqual([65_536, 65_536, 18_928, 4])
})
