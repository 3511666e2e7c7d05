import { join } from "node:path"
import type { Command } from "commander"
import { DEFAULT_EPOCH_MS, NODE_ID_MAX } from "../../protocol/index.ts"
import { createStore } from "../storage/open-store.ts"
import { epochOption, option, wholeNumber } from "./options.ts"

interface SeedOptions {
  readonly nodes: number
  readonly dataDir: string
  readonly epoch?: number
}

export function defineSeed(program: Command): void {
  program
    .command("seed")
    .description("write the node ids 0 to N-1 into DIR/node-0, DIR/node-1, …")
    .addOption(
      option("--nodes <N>", "how many nodes")
        .argParser(wholeNumber(1, NODE_ID_MAX + 1))
        .makeOptionMandatory(),
    )
    .addOption(option("--data-dir <DIR>", "where the nodes' directories go").default("./data"))
    .addOption(epochOption())
    .action(seed)
}

/** What exists is told and left as it is. */
function seed({ nodes, dataDir, epoch }: SeedOptions): void {
  for (let nodeId = 0; nodeId < nodes; nodeId++) {
    const directory = join(dataDir, `node-${nodeId}`)
    const identity = { nodeId, epochMs: epoch ?? DEFAULT_EPOCH_MS }
    const created = createStore({ dataDir: directory }, identity)
    console.log(
      `${directory}: ${created ? `node id ${nodeId} written` : "exists already, left as it is"}`,
    )
  }
}
