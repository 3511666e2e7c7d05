import { expect, test } from "bun:test"
import { isTextStart } from "../../protocol/index.ts"

test.each([
  "l",
  "~",
  " x",
  "\r",
  "\n",
  "\r\n",
  "\n\n",
  "\r\nlunique",
  "\nlunique",
  "\xff\xfb\x18",
  "\xff\xf4",
])("%j begins lines of text", (text) => {
  expect(isTextStart(Buffer.from(text, "latin1"))).toBe(true)
})

test.each([
  "\x01\0\0\x01\0\0\0\0",
  "\x0a\0\0\x01\0\0\0\0",
  "\x0d\0\0\x01\0\0\0\0",
  "\xff\0\0\x01\0\0\0\0",
  "\0",
  "\x7f",
  "\x80",
  "\xff",
  "\xff\x01",
  "\r\xff",
])("%j begins frames", (bytes) => {
  expect(isTextStart(Buffer.from(bytes, "latin1"))).toBe(false)
})
