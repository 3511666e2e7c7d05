import { join } from "node:path"
import type { Bench } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { startCluster, startFloor, startNode } from "../servers.ts"
import { runOha } from "../tools/oha.ts"
import { runWrk } from "../tools/wrk.ts"
import type { HttpLoad } from "../tools/wrk.ts"

export const HTTP_FLOOR = "Bun.serve"
export const RANDOM_NODE = "Firn, random node"
export const LOCAL_NODE = "Firn, node asked"

const NODES = 4
/** More than usual: samples of wrk and oha differ more than those of the load generator. */
const ROUNDS = 4
const SCRIPT = join(import.meta.dir, "../run.lua")

type Run = (load: HttpLoad) => ReturnType<typeof runWrk>

/** One node against a constant, then four nodes as `npm start` runs them, by wrk and by oha. */
export async function httpSuite(bench: Bench): Promise<void> {
  const wrk = bench.tool("wrk", "HTTP by wrk")
  const oha = bench.tool("oha", "HTTP by oha")
  const tools: [string, Run][] = []
  if (wrk !== undefined) tools.push(["wrk", (load) => runWrk(bench, wrk.path, load)])
  if (oha !== undefined) tools.push(["oha", (load) => runOha(bench, oha.path, load)])
  for (const [tool, run] of tools) await oneNode(bench, tool, run)
  await using owner = new AsyncDisposableStack()
  const urls = await startCluster(bench, owner, NODES)
  for (const [tool, run] of tools) await fourNodes(bench, tool, run, urls[0]!)
}

/** The name of the figure of one node against the floor. */
export function oneNodeName(tool: string): string {
  return `GET /lunique, ${tool}`
}

/** The name of the figure of the first two runs on four nodes. */
export function clusterName(tool: string): string {
  return `${NODES} nodes, ${tool}`
}

async function oneNode(bench: Bench, tool: string, run: Run): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const node = await startNode(bench, owner, { http: true })
  const floor = await startFloor(bench, owner, "http")
  const load = (port: number, path: string): HttpLoad => {
    return { url: `http://127.0.0.1:${port}${path}`, threads: 2, connections: 30, core: "load" }
  }
  await bench.compete(
    {
      name: oneNodeName(tool),
      unit: "requests/s",
      better: "higher",
      parameters: { nodes: 1 },
      rounds: ROUNDS,
    },
    [
      { subject: FIRN, measure: () => run(load(node.httpPort, "/lunique")) },
      { subject: HTTP_FLOOR, measure: () => run(load(floor.port, "/lunique")) },
    ],
  )
}

/** The runs that the system before Firn published; only wrk can spread its load by a script. */
async function fourNodes(bench: Bench, tool: string, run: Run, url: string): Promise<void> {
  const load = { threads: 6, connections: 20 }
  const contestants = [
    { subject: RANDOM_NODE, measure: () => run({ ...load, url: `${url}/dunique?target=random` }) },
    { subject: LOCAL_NODE, measure: () => run({ ...load, url: `${url}/lunique` }) },
  ]
  if (tool === "wrk") {
    const spread = { url, threads: 6, connections: 30, script: [SCRIPT, `${NODES}`] }
    contestants.push({ subject: "Firn, all nodes in turn", measure: () => run(spread) })
  }
  await bench.compete(
    {
      name: clusterName(tool),
      unit: "requests/s",
      better: "higher",
      parameters: { nodes: NODES },
      rounds: ROUNDS,
    },
    contestants,
  )
}
