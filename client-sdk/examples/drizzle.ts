/*
 * Drizzle fills in the primary key: the default of its column is a function that cannot wait, so
 * the ids are fetched ahead.
 *
 *   bun client-sdk/examples/drizzle.ts 127.0.0.1:6454
 */
import { Database } from "bun:sqlite"
import { drizzle } from "drizzle-orm/bun-sqlite"
import { customType, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { FirnClient, FirnError } from "firn-client"

const [servers = "127.0.0.1:6454"] = process.argv.slice(2)
const client = new FirnClient({ servers, prefetch: { size: 2_000, ttlMs: 10_000 } })

/** 64 bits as a bigint. With PostgreSQL it is `bigint("id", { mode: "bigint" })`. */
const integer64 = customType<{ data: bigint; driverData: bigint }>({ dataType: () => "integer" })

const orders = sqliteTable("orders", {
  // Never tryId(): it may be undefined, and then SQLite makes up an id of its own.
  id: integer64("id")
    .primaryKey()
    .$defaultFn(() => client.idSync()),
  item: text("item").notNull(),
})

/** `safeIntegers` makes SQLite's integers bigints on their way out as well. */
using sqlite = new Database(":memory:", { safeIntegers: true })
sqlite.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)")
const database = drizzle({ client: sqlite })

try {
  await client.ready() // once, before the first idSync()
  const items = Array.from({ length: 1_000 }, (_, i) => ({ item: `item ${i}` }))
  const inserted = await database.insert(orders).values(items).returning()
  const { node } = await client.decode(inserted[0]!.id)
  console.log(`${new Set(inserted.map(({ id }) => id)).size} orders with ids of node ${node}`)
} catch (error) {
  if (!(error instanceof FirnError)) throw error
  console.error(`no ids: ${error.message}`)
  process.exitCode = 1
} finally {
  await client.close()
}
