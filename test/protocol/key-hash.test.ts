import { expect, test } from "bun:test"
import fc from "fast-check"
import { keyHash } from "../../protocol/index.ts"

/** The oracle: FNV-1a in exact arithmetic. */
function naiveHash(bytes: Uint8Array): number {
  let hash = 2166136261n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 16777619n) % 2n ** 32n
  return Number(hash)
}

test("the hash of any text is FNV-1a over its UTF-8 bytes", () => {
  const texts = fc.string({ unit: "binary", maxLength: 40 })
  fc.assert(
    fc.property(texts, (text) => {
      expect(keyHash(text)).toBe(naiveHash(Buffer.from(text, "utf8")))
    }),
    { numRuns: 1000 },
  )
})
