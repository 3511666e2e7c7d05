import type { Command } from "commander"
import { DEFAULT_EPOCH_MS, InputError, decodeId, idUnixMs } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"

export function defineDecode(program: Command): void {
  defineCommand(program, "decode", "show time, node and sequence of ids")
    .argument(
      "[ID...]",
      "ids in decimal or as 0x…; without any, those of standard input, one a line",
    )
    .action(async (ids: string[], { epoch = DEFAULT_EPOCH_MS, json }: Values<"decode">) => {
      const write = json ? jsonOf : textOf
      let count = 0
      for await (const id of ids.length > 0 ? ids : standardInput()) {
        console.log(write(id, epoch))
        count++
      }
      if (count === 0) throw new InputError("missing required argument 'ID'")
    })
}

/** Its lines, unless somebody would have to type them. */
async function* standardInput(): AsyncGenerator<string> {
  if (process.stdin.isTTY) return
  for await (const line of console) if (line.trim() !== "") yield line.trim()
}

/** @returns an id in decimal; what is neither decimal nor hexadecimal is left for others to refuse */
function decimalOf(id: string): string {
  return /^0x[0-9a-f]{1,16}$/i.test(id) ? BigInt(id).toString() : id
}

function textOf(id: string, epochMs: number): string {
  const { time, node, sequence } = decodeId(decimalOf(id))
  return `${id}  time ${new Date(idUnixMs(time, epochMs)).toISOString()}  node ${node}  sequence ${sequence}`
}

/** As `GET /decode/{id}` answers. */
function jsonOf(text: string, epochMs: number): string {
  const id = decimalOf(text)
  const { time, node, sequence } = decodeId(id)
  const unixMs = idUnixMs(time, epochMs)
  return JSON.stringify({ id, time: new Date(unixMs).toISOString(), unixMs, node, sequence })
}
