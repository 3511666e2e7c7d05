/*
 * The load generator, a process of its own: takes a workload as JSON and prints what came of it.
 *
 *   bun bench/load/main.ts '{"servers":[{"host":"127.0.0.1","port":6454}],"protocol":"frames", …}'
 */
import { runWorkload } from "./run-workload.ts"
import type { TimedWorkload } from "./timed-workload.ts"

console.log(JSON.stringify(await runWorkload(JSON.parse(Bun.argv[2] ?? "") as TimedWorkload)))
// Ten thousand connections would take their time to be closed one by one.
process.exit(0)
