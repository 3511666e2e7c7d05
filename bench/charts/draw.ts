import { join } from "node:path"
import type { Results } from "../figures.ts"
import { chartsOf } from "./index.ts"
import { svgOf } from "./svg.ts"

/** Draws what was measured into a directory. @returns the paths of the pictures */
export async function drawCharts(results: Results, directory: string): Promise<string[]> {
  const paths: string[] = []
  for (const [name, chart] of chartsOf(results)) {
    const path = join(directory, name)
    await Bun.write(path, await svgOf(chart))
    paths.push(path)
  }
  return paths
}
