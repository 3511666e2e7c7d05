import { join } from "node:path"
import type { Command } from "commander"
import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { checkNewEpoch } from "./check-epoch.ts"
import { createStore, storedIdentity } from "../storage/open-store.ts"

export function defineSeed(program: Command): void {
  const description = "write the node ids 0 to N-1 into DIR/node-0, DIR/node-1, …"
  defineCommand(program, "seed", description).action(seed)
}

/** What exists is told and left as it is. */
function seed({ nodes, dataDir, epoch }: Values<"seed">): void {
  const directories = Array.from({ length: nodes }, (_, nodeId) => join(dataDir, `node-${nodeId}`))
  checkNewEpoch(epoch, directories)
  const wanted = epoch === undefined ? {} : { epochMs: epoch }
  for (const directory of directories) storedIdentity({ dataDir: directory }, wanted)
  for (const [nodeId, directory] of directories.entries()) {
    const identity = { nodeId, epochMs: epoch ?? DEFAULT_EPOCH_MS }
    const created = createStore({ dataDir: directory }, identity)
    console.log(
      `${directory}: ${created ? `node id ${nodeId} written` : "exists already, left as it is"}`,
    )
  }
}
