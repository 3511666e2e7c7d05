/*
 * Kysely has no defaults of its own: rows get their ids where they are made, and since that may
 * wait, nothing has to be fetched ahead.
 *
 *   bun client-sdk/examples/kysely.ts 127.0.0.1:6454
 */
import { Database } from "bun:sqlite"
import { Kysely, SqliteDialect } from "kysely"
import type { SqliteDatabase } from "kysely"
import { FirnClient, FirnError } from "firn-client"

interface Tables {
  readonly orders: { readonly id: bigint; readonly item: string }
}

const [servers = "127.0.0.1:6454"] = process.argv.slice(2)

/** What Kysely expects of a SQLite driver, by the one of Bun. */
function driver(sqlite: Database): SqliteDatabase {
  return {
    close: () => sqlite.close(),
    prepare(sql) {
      const statement = sqlite.prepare<unknown, never[]>(sql)
      return {
        reader: statement.columnNames.length > 0,
        all: (values) => statement.all(...(values as never[])),
        run: (values) => statement.run(...(values as never[])),
        iterate: (values) => statement.iterate(...(values as never[])),
      }
    },
  }
}

/** `safeIntegers` makes SQLite's integers bigints on their way out as well. */
const sqlite = new Database(":memory:", { safeIntegers: true })
sqlite.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)")
const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: driver(sqlite) }) })

try {
  await using client = new FirnClient({ servers })
  const ids = await client.ids(1_000)
  const rows = ids.map((id, i) => ({ id, item: `item ${i}` }))
  const inserted = await database.insertInto("orders").values(rows).returning("id").execute()
  const { node } = await client.decode(inserted[0]!.id)
  console.log(`${new Set(inserted.map(({ id }) => id)).size} orders with ids of node ${node}`)
} catch (error) {
  if (!(error instanceof FirnError)) throw error
  console.error(`no ids: ${error.message}`)
  process.exitCode = 1
} finally {
  await database.destroy()
}
