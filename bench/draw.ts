/*
 * `npm run bench:charts -- RESULTS.json [DIRECTORY]`: draws the charts of a run as SVG, into
 * `bench/results/` unless another directory is named.
 */
import { join } from "node:path"
import { chartsOf } from "./charts/index.ts"
import { svgOf } from "./charts/svg.ts"
import type { Results } from "./figures.ts"

const EXIT_USAGE = 2

const [path, directory = join(import.meta.dir, "results")] = Bun.argv.slice(2)
if (path === undefined) {
  console.error("usage: npm run bench:charts -- RESULTS.json [DIRECTORY]")
  process.exit(EXIT_USAGE)
}
for (const [name, chart] of chartsOf((await Bun.file(path).json()) as Results)) {
  await Bun.write(join(directory, name), await svgOf(chart))
  console.log(join(directory, name))
}
