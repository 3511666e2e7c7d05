import { readFileSync } from "node:fs"
import { askUntil } from "./deadline.ts"
import { FirnProcess } from "./firn-process.ts"
import type { SpawnOptions } from "./firn-process.ts"

/** A node of a cluster, as the line `cluster-listening` has it. */
export interface ClusterNode {
  readonly node: number
  readonly pid: number
  /** HOST:PORT */
  readonly tcp: string
  /** HOST:PORT */
  readonly http: string
}

interface SharedAddresses {
  readonly sharedTcp?: string
  readonly sharedHttp?: string
}

/** Makes `firn cluster` take ports that are free. */
export const FREE_PORTS: readonly string[] = ["--tcp-port", "0", "--http-port", "0"]

/** A cluster whose nodes all listen; it and they are gone when its test leaves the block. */
export class RunningCluster extends FirnProcess {
  nodes: readonly ClusterNode[] = []
  /** HOST:PORT of all nodes together; "" when they share none. */
  sharedTcp = ""
  sharedHttp = ""

  static async start(
    dataDir: string,
    nodes: number,
    args: readonly string[] = [],
    options?: SpawnOptions,
  ): Promise<RunningCluster> {
    const needed = ["--nodes", `${nodes}`, "--data-dir", dataDir, ...FREE_PORTS]
    return await RunningCluster.run(["cluster", ...needed, ...args], options)
  }

  /** @param args all of the command line */
  static async run(args: readonly string[], options?: SpawnOptions): Promise<RunningCluster> {
    const cluster = new RunningCluster(args, options)
    try {
      const line = await cluster.waitForLog("cluster-listening")
      cluster.nodes = line["nodes"] as ClusterNode[]
      const { sharedTcp = "", sharedHttp = "" } = line as SharedAddresses
      Object.assign(cluster, { sharedTcp, sharedHttp })
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  /** The processes of all nodes so far. */
  get pids(): number[] {
    const restarted = this.logged("node-restarted").map((line) => Number(line["pid"]))
    return [...this.nodes.map(({ pid }) => pid), ...restarted]
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    await gone(this.pids)
  }
}

/** Waits until none of these processes runs. */
export async function gone(pids: readonly number[]): Promise<void> {
  const look = async (): Promise<number[]> => {
    await new Promise(setImmediate)
    return running(pids)
  }
  await askUntil("the end of the nodes' processes", look, ({ length }) => length === 0)
}

/** Which of these processes run; one that only waits to be reaped does not. Linux only. */
export function running(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      // The state stands after the name, which is in brackets and may contain brackets too.
      return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z")
    } catch {
      return false
    }
  })
}
