/*
 * `npm run check`: everything a change has to pass, which is also all that CI runs. Each step is
 * run even when one before it failed.
 */
import { join } from "node:path"
import { ROOT } from "./paths.ts"

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

interface Result {
  readonly name: string
  readonly ok: boolean
  readonly seconds: number
}

const bun = process.execPath
const tool = (name: string): string => join(ROOT, "node_modules/.bin", name)

const STEPS: readonly Step[] = [
  { name: "format", command: [bun, "fmt", "--no-script", "--check"] },
  { name: "lint", command: [tool("oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "types", command: [bun, "check", "--no-script"] },
  { name: "dead code", command: [tool("knip"), "--no-progress"] },
  { name: "tests", command: [bun, "run", "--silent", "test"] },
]

async function run({ name, command }: Step): Promise<Result> {
  console.error(`\n== ${name}`)
  const startedMs = performance.now()
  const ok = await succeeds(command)
  return { name, ok, seconds: (performance.now() - startedMs) / 1000 }
}

async function succeeds(command: readonly string[]): Promise<boolean> {
  try {
    const child = Bun.spawn([...command], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] })
    return (await child.exited) === 0
  } catch (error) {
    console.error(`${command[0]} cannot be started: ${(error as Error).message}`)
    return false
  }
}

function resultLine({ name, ok, seconds }: Result): string {
  return `${name.padEnd(9)}  ${ok ? "ok    " : "FAILED"}  ${seconds.toFixed(1).padStart(6)} s`
}

const results: Result[] = []
for (const step of STEPS) results.push(await run(step))

const failed = results.filter(({ ok }) => !ok).map(({ name }) => name)
console.log(`\n${results.map(resultLine).join("\n")}`)
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
