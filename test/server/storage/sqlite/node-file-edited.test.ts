import { describe, expect, test } from "bun:test"
import { Database } from "bun:sqlite"
import { readdirSync } from "node:fs"
import { DataDir, STORED } from "../../../support/data-dir.ts"

describe("a database is refused", () => {
  test.each([
    ["without its row", "it has 0 rows", ["DELETE FROM node"]],
    ["without its table", "schema", ["DROP TABLE node"]],
    ["with a table too many", "schema", ["CREATE TABLE more (a)"]],
    ["with an index", "schema", ["CREATE INDEX i ON node (mark)"]],
    ["with a trigger", "schema", ["CREATE TRIGGER t AFTER UPDATE ON node BEGIN SELECT 1; END"]],
    ["with a mark edited by hand", "its checksum", ["UPDATE node SET mark = 5"]],
    ["with a node id edited by hand", "its checksum", ["UPDATE node SET node_id = 6"]],
    ["with an epoch edited by hand", "its checksum", ["UPDATE node SET epoch_ms = 0"]],
    ["with a checksum edited by hand", "its checksum", ["UPDATE node SET checksum = ''"]],
    ["of a newer schema version", "user_version is 2", ["PRAGMA user_version = 2"]],
    ["of another application", "application_id is 7", ["PRAGMA application_id = 7"]],
    [
      "with two rows",
      "CHECK constraint failed",
      [
        "PRAGMA ignore_check_constraints = 1",
        "INSERT INTO node SELECT 2, node_id, epoch_ms, mark, created_at, 1, checksum FROM node",
      ],
    ],
    [
      "whose one row is not row 1",
      "CHECK constraint failed",
      ["PRAGMA ignore_check_constraints = 1", "UPDATE node SET one = 2"],
    ],
  ])("%s", (_, what, statements) => {
    using dir = new DataDir()
    dir.edit(...statements)
    dir.expectRefused(what)
  })

  test.each([
    ["node_id", 1_024],
    ["mark", 2 ** 42 + 1],
    ["schema_version", 2],
  ])("with a %s that is out of range, the checksum being right", (column, value) => {
    using dir = new DataDir()
    dir.edit(`UPDATE node SET ${column} = ${value}`)
    using database = new Database(dir.file)
    const row = database.query<Record<string, unknown>, []>("SELECT * FROM node").get()
    const fields = ["node_id", "epoch_ms", "mark", "created_at", "schema_version"]
    const text = fields.map((name) => row?.[name]).join("|")
    const checksum = new Bun.CryptoHasher("sha256").update(text).digest("hex")
    database.run("UPDATE node SET checksum = ?", [checksum])
    database.close()
    dir.expectRefused("its values are out of range")
  })
})

describe("a database is as good as before", () => {
  test.each([
    ["after a VACUUM", ["VACUUM"]],
    ["after a change to a write-ahead log", ["PRAGMA journal_mode = WAL"]],
  ])("%s", (_, statements) => {
    using dir = new DataDir()
    dir.edit(...statements)
    expect(dir.open()).toEqual(STORED)
    expect(readdirSync(dir.path)).toEqual(["node.sqlite"])
    using database = new Database(dir.file, { readonly: true })
    expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" })
  })
})
