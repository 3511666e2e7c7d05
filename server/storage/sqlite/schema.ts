import type { Database } from "bun:sqlite"
import { NODE_ID_MAX } from "../../../protocol/index.ts"
import { TIME_LIMIT } from "../../generator/reservation.ts"
import type { Identity } from "../node-store.ts"
import { corrupt } from "./sqlite-errors.ts"

/** "Firn" in ASCII: marks the file as ours in SQLite's header. */
const APPLICATION_ID = 0x4669726e
const SCHEMA_VERSION = 1

const SCHEMA = `CREATE TABLE node (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  node_id INTEGER NOT NULL,
  epoch_ms INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT`

export interface Row {
  readonly node_id: number
  readonly epoch_ms: number
  readonly mark: number
  readonly created_at: string
  readonly schema_version: number
  readonly checksum: string
}

/** Makes the one table and its one row, with mark 0, in a new database. */
export function writeSchema(database: Database, identity: Identity, createdAt: string): void {
  database.run(`PRAGMA application_id = ${APPLICATION_ID}`)
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  database.run(SCHEMA)
  const row = {
    node_id: identity.nodeId,
    epoch_ms: identity.epochMs,
    mark: 0,
    created_at: createdAt,
    schema_version: SCHEMA_VERSION,
  }
  database.run("INSERT INTO node VALUES (1, ?, ?, ?, ?, ?, ?)", [
    ...Object.values(row),
    checksum(row),
  ])
}

export function writeRowMark(database: Database, row: Row, mark: number): void {
  database
    .query("UPDATE node SET mark = ?, checksum = ? WHERE one = 1")
    .run(mark, checksum({ ...row, mark }))
}

/**
 * Reads the row. Checks that the database is as `writeSchema` and `writeRowMark` leave it.
 * @throws StoreError CORRUPT
 */
export function readVerifiedRow(path: string, database: Database): Row {
  checkPragma(path, database, "application_id", APPLICATION_ID)
  checkPragma(path, database, "user_version", SCHEMA_VERSION)
  checkPragma(path, database, "integrity_check", "ok")
  const tables = database.query<{ sql: string }, []>("SELECT sql FROM sqlite_schema").all()
  if (tables.length !== 1 || tables[0]?.sql !== SCHEMA) {
    throw corrupt(path, "its schema is not that of a node")
  }
  const rows = database.query<Row, []>("SELECT * FROM node").all()
  const row = rows[0]
  if (rows.length !== 1 || row === undefined) throw corrupt(path, `it has ${rows.length} rows`)
  if (row.checksum !== checksum(row)) throw corrupt(path, "its checksum does not match")
  if (row.schema_version !== SCHEMA_VERSION || row.node_id > NODE_ID_MAX || row.mark > TIME_LIMIT) {
    throw corrupt(path, "its values are out of range")
  }
  return row
}

/** SQLite keeps no checksum of a page, so the row has one over all its other fields. */
function checksum(row: Omit<Row, "checksum">): string {
  const fields = [row.node_id, row.epoch_ms, row.mark, row.created_at, row.schema_version]
  return new Bun.CryptoHasher("sha256").update(fields.join("|")).digest("hex")
}

function checkPragma(path: string, database: Database, name: string, expected: unknown): void {
  const found = database.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get()?.[name]
  if (found !== expected) throw corrupt(path, `its ${name} is ${found}, not ${expected}`)
}
