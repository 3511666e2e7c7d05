import type { Command } from "commander"
import { DEFAULT_EPOCH_MS, decodeId, idUnixMs } from "../../protocol/index.ts"
import { epochOption } from "./options.ts"

export function defineDecode(program: Command): void {
  program
    .command("decode")
    .description("show time, node and sequence of ids")
    .argument("<ID...>", "ids in decimal")
    .addOption(epochOption())
    .action((ids: string[], options: { epoch?: number }) => {
      for (const id of ids) console.log(decoded(id, options.epoch ?? DEFAULT_EPOCH_MS))
    })
}

function decoded(id: string, epochMs: number): string {
  const { time, node, sequence } = decodeId(id)
  return `${id}  time ${new Date(idUnixMs(time, epochMs)).toISOString()}  node ${node}  sequence ${sequence}`
}
