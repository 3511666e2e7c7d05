import { join } from "node:path"
import { TempDir } from "../test/support/temp-dir.ts"
import type { Bench } from "./bench.ts"
import type { OwnTarget } from "./load/load.ts"
import type { Core } from "./machine/cores.ts"
import { ServerProcess } from "./machine/server-process.ts"

export const FIRN_MAIN: string = join(import.meta.dir, "../server/main.ts")
const FLOORS = join(import.meta.dir, "floors")
const LISTENING = /"event":"listening"/

export interface NodeOptions {
  readonly nodeId?: number
  readonly core?: Core | undefined
  readonly http?: boolean
  readonly tcpPort?: number
  readonly args?: readonly string[]
}

export interface RunningNode extends OwnTarget {
  readonly httpPort: number
}

/** Starts a node with a directory of its own, which goes with it. */
export async function startNode(
  bench: Bench,
  owner: AsyncDisposableStack,
  { nodeId = 0, http = false, tcpPort, args = [], ...options }: NodeOptions = {},
): Promise<RunningNode> {
  const dir = owner.use(new TempDir())
  const port = tcpPort ?? bench.port()
  const httpPort = http ? bench.port() : 0
  const httpAddress = http ? `127.0.0.1:${httpPort}` : "off"
  const command = [...nodeCommand(nodeId, dir.path, port), "--http", httpAddress, ...args]
  const core = "core" in options ? options.core : "server"
  const node = owner.use(await ServerProcess.start(command, { core, ready: LISTENING }))
  return { port, httpPort, protocol: "frames", pid: node.pid }
}

/** Starts nodes as `npm start` does, on any core. @returns the address of each for HTTP */
export async function startCluster(
  bench: Bench,
  owner: AsyncDisposableStack,
  nodes: number,
): Promise<string[]> {
  const dir = owner.use(new TempDir())
  const httpPort = bench.portsInARow(nodes)
  const command = [process.execPath, FIRN_MAIN, "cluster", "--nodes", `${nodes}`]
  const ports = ["--tcp-port", `${bench.portsInARow(nodes)}`, "--http-port", `${httpPort}`]
  const ready = /"event":"cluster-listening"/
  owner.use(
    await ServerProcess.start([...command, ...ports, "--data-dir", dir.path], {
      core: undefined,
      ready,
    }),
  )
  return Array.from({ length: nodes }, (_, node) => `http://127.0.0.1:${httpPort + node}`)
}

/** What starts a node; its other options follow. */
export function nodeCommand(nodeId: number, dataDir: string, port: number): string[] {
  const node = ["start", "--node-id", `${nodeId}`, "--data-dir", dataDir]
  return [process.execPath, FIRN_MAIN, ...node, "--tcp", `127.0.0.1:${port}`]
}

type FloorKind = "tcp" | "http"

export function floorCommand(kind: FloorKind, port: number): string[] {
  return [process.execPath, join(FLOORS, `${kind}-floor.ts`), `${port}`]
}

/** Starts a floor: `tcp-floor.ts` or `http-floor.ts`. */
export async function startFloor(
  bench: Bench,
  owner: AsyncDisposableStack,
  kind: FloorKind,
): Promise<OwnTarget> {
  const port = bench.port()
  const ready = /^listening on/m
  const floor = await ServerProcess.start(floorCommand(kind, port), { core: "server", ready })
  return { port, protocol: "frames", pid: owner.use(floor).pid }
}
