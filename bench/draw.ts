/*
 * `npm run bench:charts -- RESULTS.json [DIRECTORY]`: draws the charts of a run as SVG, into
 * `bench/results/` unless another directory is named. A run of all suites has drawn them already.
 */
import { join } from "node:path"
import { drawCharts } from "./charts/draw.ts"
import { EXIT_USAGE, readResults } from "./results-file.ts"

const [path, directory = join(import.meta.dir, "results")] = Bun.argv.slice(2)
if (path === undefined) {
  console.error("usage: npm run bench:charts -- RESULTS.json [DIRECTORY]")
  process.exit(EXIT_USAGE)
}
for (const picture of await drawCharts(await readResults(path), directory)) console.log(picture)
