import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { IdRecord } from "./id-record.ts"

const UINT32 = 2n ** 32n

/** Puts ids into a record as those of one new connection. */
function put(record: IdRecord, ids: Iterable<bigint>, node = "node"): void {
  const file = record.connection(node)
  for (const id of ids) file.add(Number(id / UINT32), Number(id % UINT32), 1)
}

/** `count` ids that increase by 1 to 8. @param change may put another id in place of the i-th */
function* increasing(count: number, from: bigint, change: (i: number, id: bigint) => bigint) {
  let id = from
  for (let i = 0; i < count; i++) {
    id += BigInt(1 + (i % 8))
    yield change(i, id)
  }
}

describe("among three million ids on three connections", () => {
  const COUNT = 1_000_000
  /** Some ids lie below 2^63, most above. */
  const FIRST = 2n ** 63n - 3_000_000n
  /** Far fewer than there are ids, so that they are sorted in pieces and merged. */
  const CHUNK_IDS = 100_000
  /** Where each connection starts: so far apart that no two have an id in common. */
  const starts = [FIRST, FIRST + 10_000_000n, FIRST + 20_000_000n]

  function checkWith(change: (connection: number, i: number, id: bigint) => bigint) {
    using record = new IdRecord()
    for (const [connection, from] of starts.entries()) {
      put(
        record,
        increasing(COUNT, from, (i, id) => change(connection, i, id)),
      )
    }
    return record.check(CHUNK_IDS)
  }

  test("nothing is wrong when nothing is", () => {
    const check = checkWith((_, __, id) => id)
    const sound = { ids: 3 * COUNT, duplicates: 0, decreases: 0, overlaps: 0, examples: [] }
    expect(check).toMatchObject(sound)
  })

  test("one that another connection got as well is found", () => {
    let given = 0n
    const check = checkWith((connection, i, id) => {
      if (connection === 0 && i === 777_777) given = id
      return connection === 2 && i === 0 ? given : id
    })
    expect(check).toMatchObject({ duplicates: 1, decreases: 0 })
    expect(check.examples).toEqual([`${given} was given out twice`])
  })

  test("one that comes twice in a row is found, also where a piece ends", () => {
    for (const place of [1, CHUNK_IDS - 1, CHUNK_IDS, COUNT - 1]) {
      let last = 0n
      const check = checkWith((connection, i, id) => {
        const before = last
        last = id
        return connection === 1 && i === place ? before : id
      })
      expect(check).toMatchObject({ duplicates: 1, decreases: 1 })
    }
  })

  test("one decrease is found, though no id is wrong but by its place", () => {
    for (const place of [500_000, CHUNK_IDS, COUNT - 1]) {
      let last = 0n
      const check = checkWith((connection, i, id) => {
        if (connection !== 0) return id
        // The id at `place` and the one before it change places.
        if (i === place - 1) {
          last = id
          return id + BigInt(1 + (place % 8))
        }
        return i === place ? last : id
      })
      expect(check).toMatchObject({ duplicates: 0, decreases: 1 })
    }
  })
})

test("whatever the ids, the check says what one in memory says", () => {
  const id = fc.oneof(
    fc.bigInt(0n, 30n),
    fc.bigInt(2n ** 63n - 9n, 2n ** 63n + 9n),
    fc.constant(2n ** 64n - 1n),
  )
  const connections = fc.array(fc.array(id, { maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(connections, fc.integer({ min: 8, max: 64 }), (lists, chunkIds) => {
      using record = new IdRecord()
      for (const ids of lists) put(record, ids)
      const all = lists.flat()
      const { ids, duplicates, decreases, max } = record.check(chunkIds)
      expect({ ids, duplicates, decreases, max }).toEqual({
        ids: all.length,
        duplicates: all.length - new Set(all).size,
        decreases: lists.flatMap((list) => list.filter((each, i) => i > 0 && each <= list[i - 1]!))
          .length,
        max: all.reduce((most, each) => (each > most ? each : most), 0n),
      })
    }),
  )
})

test("a block counts as each of its ids", () => {
  using record = new IdRecord()
  record.connection("node").add(1, 0xffff_fffe, 4)
  // The last of the block, which lies past a carry.
  put(record, [2n * UINT32 + 1n])
  expect(record.check()).toMatchObject({ ids: 5, duplicates: 1, max: 2n * UINT32 + 1n })
})

test("a life of a node that does not begin above the one before is found", () => {
  using record = new IdRecord()
  for (const ids of [[10n, 20n], [21n, 30n], [29n, 31n], [32n]]) {
    record.newLife("a")
    put(record, ids, "a")
    // Another node may be behind.
    put(
      record,
      ids.map((id) => id + 100n),
      "b",
    )
  }
  const check = record.check()
  expect(check).toMatchObject({ duplicates: 0, decreases: 0, overlaps: 1 })
  expect(check.examples).toEqual(["life 3 of a gave 29, though one before had given 30"])
  expect(() => record.verify()).toThrow("of 14 ids 0 came twice, 0 came after a larger one")
})
