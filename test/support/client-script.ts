import { test } from "bun:test"
import type { Test } from "bun:test"
import { ROOT } from "./paths.ts"
import { run } from "./command.ts"
import type { CommandOutcome } from "./command.ts"
import { IN_MOUNTS } from "./privileges.ts"
import { TempDir } from "./temp-dir.ts"
import { testWith } from "./tools.ts"
import { join } from "node:path"

/** What runs a script: the Bun of these tests, and the Node on the path. */
export const RUNTIMES = ["bun", "node"] as const
export type ScriptRuntime = (typeof RUNTIMES)[number]

/** `test` for what runs scripts there; skips where the runtime is missing. */
export function testUnder(runtime: ScriptRuntime): Test<[]> {
  return runtime === "node" ? testWith("node") : test
}

/** Put before every script: the client, its servers, and a line for whatever nobody handles. */
const PRELUDE = `
import { FirnClient, FirnError } from "./index.js"
const servers = process.argv.slice(2)
for (const event of ["unhandledRejection", "warning"]) {
  process.on(event, (reason) => console.error(event, reason))
}
`

/**
 * Runs a script, plain JavaScript, as a process of its own to its end. It has `FirnClient`,
 * `FirnError` and `servers`; rejections that nobody handles and warnings go to its error output.
 * @param hosts what it finds in /etc/hosts; only where mounts are allowed (`privileges.ts`)
 */
export async function runClientScript(
  runtime: ScriptRuntime,
  source: string,
  servers: readonly string[],
  hosts?: string,
): Promise<CommandOutcome> {
  using dir = new TempDir()
  const built = await Bun.build({
    entrypoints: [join(ROOT, "client-sdk/index.ts")],
    outdir: dir.path,
    target: "node",
  })
  if (!built.success) throw new AggregateError(built.logs, "the client cannot be built")
  const script = dir.at("script.mjs")
  await Bun.write(script, PRELUDE + source)
  const command = [runtime === "bun" ? process.execPath : "node", script, ...servers]
  if (hosts === undefined) return await run(command)
  await Bun.write(dir.at("hosts"), hosts)
  const mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
  return await run([...IN_MOUNTS, "sh", "-c", mount, dir.at("hosts"), ...command])
}
