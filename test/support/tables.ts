/*
 * `npm run tables`: writes the tables of docs/operations.md and protocol/openapi.yaml, which are made from the
 * sources. A test fails as long as they differ.
 */
import { join } from "node:path"
import { openApiYaml, withTables } from "./doc-tables.ts"
import { ROOT } from "./paths.ts"

const OPERATIONS = join(ROOT, "docs/operations.md")

await Bun.write(OPERATIONS, withTables(await Bun.file(OPERATIONS).text()))
await Bun.write(join(ROOT, "protocol/openapi.yaml"), openApiYaml())
