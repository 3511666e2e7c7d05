import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  REDIS_ARGS_MAX,
  REDIS_ARG_SIZE_MAX,
  REDIS_COMMAND_SIZE_MAX,
  RedisInput,
  RedisReader,
} from "../../protocol/index.ts"
import vectors from "../../protocol/redis-vectors.json"

interface Read {
  readonly commands: string[][]
  readonly fault: string | undefined
}

/** What a reader finds in these chunks; characters stand for bytes. */
function read(chunks: readonly string[]): Read {
  const reader = new RedisReader()
  const commands: string[][] = []
  for (const chunk of chunks) {
    reader.push(Uint8Array.from(Buffer.from(chunk, "latin1")))
    for (;;) {
      const found = reader.next()
      if (found === RedisInput.NOTHING) break
      if (found === RedisInput.MALFORMED) return { commands, fault: reader.fault }
      commands.push(
        Array.from({ length: reader.argCount }, (_, i) => {
          const bytes = reader.bytes.subarray(reader.argStart(i), reader.argEnd(i))
          return Buffer.from(bytes).toString("latin1")
        }),
      )
    }
  }
  return { commands, fault: undefined }
}

function written(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`
}

/** The chunks of a text that is cut at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)), text.length]
  sorted.sort((a, b) => a - b)
  return sorted.slice(1).map((end, i) => text.slice(sorted[i], end))
}

describe("the vectors", () => {
  const rows = vectors.map((vector) => [vector.name, vector] as const)
  test.each(rows)("%s", (_, { chunks, commands, fault }: (typeof vectors)[number]) => {
    expect(read(chunks)).toEqual({ commands, fault })
  })

  test.each(rows)("byte by byte, the same: %s", (_, { chunks, commands, fault }) => {
    expect(read(chunks.join("").split(""))).toEqual({ commands, fault })
  })
})

const args = fc.array(
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
    .map((bytes) => String.fromCharCode(...bytes)),
  { minLength: 1, maxLength: 6 },
)

test("commands come out as they were written, whatever the chunks", () => {
  fc.assert(
    fc.property(fc.array(args, { maxLength: 8 }), fc.array(fc.nat(1_000)), (commands, places) => {
      const text = commands.map(written).join("")
      expect(read(cut(text, places))).toEqual({ commands, fault: undefined })
    }),
    { numRuns: 500 },
  )
})

test("any bytes come to an end, and to the same one in whatever chunks", () => {
  const pieces = fc.constantFrom("*", "$", "\r\n", "1", "3", "GET", "-", "\r", "0", "*2\r\n", "x")
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.array(fc.nat(200)), (parts, places) => {
      const text = parts.join("")
      expect(read(cut(text, places))).toEqual(read([text]))
    }),
    { numRuns: 2_000 },
  )
})

describe("a command", () => {
  test("may have 4,096 arguments", () => {
    const most = Array<string>(REDIS_ARGS_MAX).fill("local")
    expect(read([written(most)]).commands).toEqual([most])
  })

  test("may have arguments of 512 bytes, and 64 KiB in all", () => {
    const long = "x".repeat(REDIS_ARG_SIZE_MAX)
    const size = written([long]).length - 4
    const fitting = Math.floor((REDIS_COMMAND_SIZE_MAX - 6) / size)
    expect(read([written(Array<string>(fitting).fill(long))]).commands.length).toBe(1)
    const above = read([written(Array<string>(fitting + 2).fill(long))])
    expect(above).toEqual({ commands: [], fault: "too big command" })
  })

  test("that is not whole is kept alone, and not the chunk it came in", () => {
    const reader = new RedisReader()
    reader.push(Buffer.from(written(["GET", "local"]).repeat(1_000) + "*2\r\n$3\r\nGE"))
    let commands = 0
    while (reader.next() === RedisInput.COMMAND) commands++
    expect([commands, reader.kept, reader.bytes.buffer.byteLength]).toEqual([1_000, 10, 10])
  })
})
