/*
 * `npm run tables`: writes the tables of README.md that are made from the sources. A test fails as
 * long as they differ.
 */
import { join } from "node:path"
import { withOptionTables } from "./option-tables.ts"
import { ROOT } from "./paths.ts"

const README = join(ROOT, "README.md")

await Bun.write(README, withOptionTables(await Bun.file(README).text()))
