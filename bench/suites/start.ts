import { join } from "node:path"
import { TempDir } from "../../test/support/temp-dir.ts"
import type { Bench, Contestant } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { FIRN_MAIN, floorCommand, nodeCommand } from "../servers.ts"
import { runHyperfine } from "../tools/hyperfine.ts"
import type { Timed } from "../tools/hyperfine.ts"
import { TCP_FLOOR } from "./tcp.ts"

const FIRST_ID = join(import.meta.dir, "../programs/first-id.sh")
const ID = "83901585456918570"

/** How long it takes from nothing to the first id, and to decode one. */
export async function startSuite(bench: Bench): Promise<void> {
  const tool = bench.tool("hyperfine", "time to the first id")
  if (tool === undefined) return
  using dir = new TempDir()
  const timed = (subject: string, what: Timed): Contestant => {
    return { subject, measure: () => runHyperfine(bench, tool.path, what) }
  }
  const data = dir.at("node")
  const port = bench.port()
  const firstId = (command: readonly string[]): string[] => [
    "bash",
    FIRST_ID,
    `${port}`,
    ...command,
  ]
  const start = firstId([...nodeCommand(0, data, port), "--http", "off"])
  const head = { unit: "ms", better: "lower", parameters: {} } as const
  await bench.compete({ name: "first id of a new node", ...head }, [
    timed(FIRN, { command: start, prepare: ["rm", "-rf", data] }),
    timed(TCP_FLOOR, { command: firstId(floorCommand("tcp", port)) }),
  ])
  await bench.compete({ name: "firn decode", ...head }, [
    timed(FIRN, { command: [process.execPath, FIRN_MAIN, "decode", ID] }),
    timed("an empty program", { command: [process.execPath, "-e", "0"] }),
  ])
}
