import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { FrameReader, REQUEST_SIZE, RESPONSE_SIZE } from "../../protocol/index.ts"

/** The oracle: everything in one array, cut from the front. */
function slices(stream: Uint8Array, frameSize: number): string[] {
  const frames: string[] = []
  for (let at = 0; at + frameSize <= stream.length; at += frameSize) {
    frames.push(stream.slice(at, at + frameSize).toHex())
  }
  return frames
}

/** At most `limit` frames, moving `start` behind each, as a consumer does that may have to stop. */
function take(reader: FrameReader, frameSize: number, limit = Infinity): string[] {
  const frames: string[] = []
  while (frames.length < limit && (reader.start < reader.end || reader.nextRun())) {
    expect(reader.end - reader.start).toBeGreaterThan(0)
    expect((reader.end - reader.start) % frameSize).toBe(0)
    frames.push(reader.bytes.slice(reader.start, reader.start + frameSize).toHex())
    reader.start += frameSize
  }
  return frames
}

/** Feeds the chunks, checks what is kept after each, and returns all frames. */
function feed(chunks: readonly Uint8Array[], frameSize: number): string[] {
  const reader = new FrameReader(frameSize)
  const frames: string[] = []
  let received = 0
  for (const chunk of chunks) {
    reader.push(chunk)
    frames.push(...take(reader, frameSize))
    received += chunk.length
    expect(reader.kept).toBe(received % frameSize)
  }
  return frames
}

function cut(stream: Uint8Array, points: readonly number[]): Uint8Array[] {
  const ends = [...points].sort((a, b) => a - b)
  return [...ends, stream.length].map((end, i) => stream.subarray(i === 0 ? 0 : ends[i - 1], end))
}

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i)
}

const frameSizes = fc.constantFrom(REQUEST_SIZE, RESPONSE_SIZE)
const streams = fc.uint8Array({ maxLength: 200 })
const cuts = streams.chain((stream) =>
  fc.tuple(fc.constant(stream), fc.array(fc.nat(stream.length), { maxLength: 12 })),
)

describe.each([REQUEST_SIZE, RESPONSE_SIZE])("frames of %d bytes", (frameSize) => {
  const stream = counting(frameSize * 4 + 3)

  test("come out the same wherever the stream is split in two", () => {
    for (let at = 0; at <= stream.length; at += 1) {
      expect(feed(cut(stream, [at]), frameSize)).toEqual(slices(stream, frameSize))
    }
  })

  test("come out the same wherever the stream is split in three", () => {
    for (let a = 0; a <= stream.length; a += 1) {
      for (let b = a; b <= stream.length; b += 1) {
        expect(feed(cut(stream, [a, b]), frameSize)).toEqual(slices(stream, frameSize))
      }
    }
  })

  test("come out the same from one-byte chunks", () => {
    const chunks = Array.from(stream, (byte) => Uint8Array.of(byte))
    expect(feed(chunks, frameSize)).toEqual(slices(stream, frameSize))
  })
})

test("any chunks of any stream give the frames of the whole", () => {
  fc.assert(
    fc.property(frameSizes, cuts, (frameSize, [stream, points]) => {
      expect(feed(cut(stream, points), frameSize)).toEqual(slices(stream, frameSize))
    }),
    { numRuns: 500 },
  )
})

test("a consumer that stops after any frame goes on with the next one", () => {
  const limits = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 })
  fc.assert(
    fc.property(frameSizes, cuts, limits, (frameSize, [stream, points], stops) => {
      const reader = new FrameReader(frameSize)
      const frames: string[] = []
      let stop = 0
      for (const chunk of cut(stream, points)) {
        reader.push(chunk)
        while (true) {
          const limit = stops[stop++ % stops.length]!
          const taken = take(reader, frameSize, limit)
          frames.push(...taken)
          if (taken.length < limit) break
        }
        expect(reader.kept).toBeLessThan(frameSize)
      }
      expect(frames).toEqual(slices(stream, frameSize))
    }),
    { numRuns: 500 },
  )
})

test("a run lies in the chunk itself, with nothing copied", () => {
  const reader = new FrameReader(REQUEST_SIZE)
  const chunk = counting(REQUEST_SIZE * 3 + 5)
  reader.push(chunk)
  expect(reader.nextRun()).toBe(true)
  expect(reader.bytes).toBe(chunk)
  expect([reader.start, reader.end]).toEqual([0, REQUEST_SIZE * 3])
})

test("a used up chunk is let go", () => {
  const reader = new FrameReader(REQUEST_SIZE)
  reader.push(counting(REQUEST_SIZE))
  expect(take(reader, REQUEST_SIZE)).toHaveLength(1)
  expect(reader.nextRun()).toBe(false)
  expect([reader.bytes.length, reader.start, reader.end, reader.kept]).toEqual([0, 0, 0, 0])
})

describe("pushing before the last chunk is used up throws and loses nothing", () => {
  const next = counting(REQUEST_SIZE)
  const partial = counting(5)

  test("when no run was taken", () => {
    const reader = new FrameReader(REQUEST_SIZE)
    reader.push(next)
    expect(() => reader.push(next)).toThrow("not used up")
    expect(take(reader, REQUEST_SIZE)).toEqual(slices(next, REQUEST_SIZE))
  })

  test("when the consumer stopped inside the last run of the chunk", () => {
    const reader = new FrameReader(REQUEST_SIZE)
    const chunk = counting(REQUEST_SIZE * 2)
    reader.push(chunk)
    const [first] = take(reader, REQUEST_SIZE, 1)
    expect(() => reader.push(next)).toThrow("not used up")
    expect([first!, ...take(reader, REQUEST_SIZE)]).toEqual(slices(chunk, REQUEST_SIZE))
  })

  test("when the run is a frame that straddled two chunks", () => {
    const reader = new FrameReader(REQUEST_SIZE)
    reader.push(partial)
    expect(reader.nextRun()).toBe(false)
    reader.push(counting(3))
    expect(reader.nextRun()).toBe(true)
    expect(() => reader.push(next)).toThrow("not used up")
    expect(take(reader, REQUEST_SIZE)).toEqual(["0001020304000102"])
  })

  test("when only the tail of the chunk is left", () => {
    const reader = new FrameReader(REQUEST_SIZE)
    reader.push(counting(REQUEST_SIZE + 5))
    expect(take(reader, REQUEST_SIZE, 1)).toHaveLength(1)
    expect(() => reader.push(next)).toThrow("not used up")
    expect(reader.nextRun()).toBe(false)
    expect(reader.kept).toBe(5)
  })
})
