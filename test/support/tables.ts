/*
 * `npm run tables`: writes the tables of docs/operations.md, protocol/openapi.yaml and deploy/grafana/firn.json,
 * which are made from the sources. A test fails as long as they differ.
 */
import { join } from "node:path"
import { dashboard } from "./dashboard.ts"
import { openApiYaml, withTables } from "./doc-tables.ts"
import { ROOT } from "./paths.ts"

const OPERATIONS = join(ROOT, "docs/operations.md")

await Bun.write(OPERATIONS, withTables(await Bun.file(OPERATIONS).text()))
await Bun.write(join(ROOT, "protocol/openapi.yaml"), openApiYaml())
await Bun.write(join(ROOT, "deploy/grafana/firn.json"), `${JSON.stringify(dashboard(), null, 2)}\n`)
