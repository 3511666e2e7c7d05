import type { Command } from "commander"
import { DEFAULT_EPOCH_MS, decodeId, idUnixMs } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"

export function defineDecode(program: Command): void {
  defineCommand(program, "decode", "show time, node and sequence of ids")
    .argument("<ID...>", "ids in decimal")
    .action((ids: string[], { epoch }: Values<"decode">) => {
      for (const id of ids) console.log(decoded(id, epoch ?? DEFAULT_EPOCH_MS))
    })
}

function decoded(id: string, epochMs: number): string {
  const { time, node, sequence } = decodeId(id)
  return `${id}  time ${new Date(idUnixMs(time, epochMs)).toISOString()}  node ${node}  sequence ${sequence}`
}
