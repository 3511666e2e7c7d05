/*
 * `npm run tables`: writes the tables of docs/operations.md that are made from the sources. A test fails as
 * long as they differ.
 */
import { join } from "node:path"
import { withTables } from "./doc-tables.ts"
import { ROOT } from "./paths.ts"

const OPERATIONS = join(ROOT, "docs/operations.md")

await Bun.write(OPERATIONS, withTables(await Bun.file(OPERATIONS).text()))
