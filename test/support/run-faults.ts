/*
 * `npm run test:faults`: every scenario of test/faults in its long form, one after the other, with a
 * line of what it counted. Arguments go to `bun test` in place of the folder:
 *
 *   npm run test:faults -- ./test/faults/kill.test.ts
 */
import { ROOT } from "./paths.ts"

/** What the whole may take. */
const RUN_TIMEOUT_MS = 20 * 60_000

const args = Bun.argv.slice(2)
const startMs = performance.now()
const runner = Bun.spawn(
  [process.execPath, "test", ...(args.length > 0 ? args : ["./test/faults"]), "--no-isolate"],
  {
    cwd: ROOT,
    env: { ...process.env, FIRN_LONG: "1" },
    stdio: ["inherit", "inherit", "inherit"],
    timeout: RUN_TIMEOUT_MS,
  },
)
const exitCode = await runner.exited
const seconds = Math.round((performance.now() - startMs) / 1_000)
console.log(`fault scenarios: ${exitCode === 0 ? "ok" : "FAILED"} after ${seconds} s`)
process.exitCode = exitCode === 0 ? 0 : 1
