/*
 * Inserts 10,000 rows with Firn ids as primary keys, and finds those of the last second again by
 * their ids alone: an id has its time in it, so the table needs no column and no index for that.
 *
 *   bun client-sdk/examples/batch-insert.ts 127.0.0.1:6454 [orders.sqlite]
 */
import { Database } from "bun:sqlite"
import { FirnClient, FirnError, idRangeForTime } from "firn-client"

const ROWS = 10_000
const SPAN_MS = 1_000

const [server = "127.0.0.1:6454", path = ":memory:"] = process.argv.slice(2)

/** Ids are 64 bits: `safeIntegers` makes SQLite's integers bigints on their way out as well. */
using database = new Database(path, { safeIntegers: true })
database.run("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)")
const insert = database.query("INSERT INTO orders (id, item) VALUES (?, ?)")
const insertAll = database.transaction((ids: readonly bigint[]) => {
  for (const [i, id] of ids.entries()) insert.run(id, `item ${i}`)
})

try {
  await using client = new FirnClient({ servers: [server] })
  insertAll(await client.ids(ROWS))

  const nowMs = Date.now()
  // The node's clock may be a little ahead of this one.
  const span = idRangeForTime(nowMs - SPAN_MS, nowMs + SPAN_MS, await client.epoch())
  const found = database
    .query<{ rows: bigint; newest: bigint }, [bigint, bigint]>(
      "SELECT count(*) AS rows, max(id) AS newest FROM orders WHERE id BETWEEN ? AND ?",
    )
    .get(span.first, span.last)
  if (found === null || found.rows === 0n) throw new Error("no order of the last second is found")

  const { date, node } = await client.decode(found.newest)
  console.log(`${found.rows} orders of the last second`)
  console.log(`the newest is ${found.newest}, of node ${node} at ${date.toISOString()}`)
} catch (error) {
  if (!(error instanceof FirnError)) throw error
  console.error(`no ids: ${error.message}`)
  process.exitCode = 1
}
