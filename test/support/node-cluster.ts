import { parseNodeStatus } from "../../server/node-status.ts"
import type { NodeStatus } from "../../server/node-status.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { within } from "./deadline.ts"
import { RunningNode } from "./firn-process.ts"
import type { SpawnOptions } from "./firn-process.ts"
import { TempDir } from "./temp-dir.ts"

/** The most addresses that nodes, proxies and fake peers of one test need. */
const ADDRESSES_MAX = 15

/** A list of nodes as `--peers` takes it: the place in the array is the node id. */
export function peersText(addresses: readonly string[]): string {
  return addresses.map((address, nodeId) => `${nodeId}@${address}`).join(",")
}

/** Processes of `firn start` that know each other; gone when their test leaves the block. */
export class NodeCluster implements AsyncDisposable {
  /** Where the nodes listen, by node id: known before they start. */
  readonly addresses: readonly string[]
  readonly dir: TempDir
  readonly #resources = new AsyncDisposableStack()
  readonly #ports: FreePorts
  readonly #nodes = new Map<number, RunningNode>()
  readonly #args = new Map<number, readonly string[]>()

  /** Takes the addresses; no node runs yet. */
  constructor(size: number) {
    this.dir = this.#resources.use(new TempDir())
    this.#ports = this.#resources.use(new FreePorts(ADDRESSES_MAX, Math.random))
    this.addresses = Array.from({ length: size }, () => this.freeAddress())
  }

  /** Starts all nodes, each with the list of all. */
  static async start(size: number, args: readonly string[] = []): Promise<NodeCluster> {
    const cluster = new NodeCluster(size)
    try {
      await cluster.startAll(() => ["--peers", peersText(cluster.addresses), ...args])
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** An address that nobody listens on, nor will by accident. */
  freeAddress(): string {
    return `127.0.0.1:${this.#ports.take()}`
  }

  async startAll(argsOf: (nodeId: number) => readonly string[]): Promise<void> {
    const starting = this.addresses.map((_, nodeId) => this.startNode(nodeId, argsOf(nodeId)))
    // When one fails, the others still have to be waited for, so that they can be ended.
    const failed = (await Promise.allSettled(starting)).find(({ status }) => status === "rejected")
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }

  /** @param args beside node id, data directory and address */
  async startNode(
    nodeId: number,
    args: readonly string[],
    options?: SpawnOptions,
  ): Promise<RunningNode> {
    const own = ["--node-id", `${nodeId}`, "--tcp", this.addresses[nodeId]!]
    const node = await RunningNode.start(this.dir.at(`node-${nodeId}`), [...own, ...args], options)
    this.#args.set(nodeId, args)
    this.#nodes.set(nodeId, this.#resources.use(node))
    return node
  }

  /** Ends a node as a power cut does. */
  async kill(nodeId: number): Promise<void> {
    this.node(nodeId).kill("SIGKILL")
    await within(`the end of node ${nodeId}`, this.node(nodeId).exit)
  }

  /** Starts a node that has ended again, with the same arguments. */
  async restart(nodeId: number): Promise<RunningNode> {
    return await this.startNode(nodeId, this.#args.get(nodeId) ?? [])
  }

  node(nodeId: number): RunningNode {
    const node = this.#nodes.get(nodeId)
    if (node === undefined) throw new Error(`node ${nodeId} was not started`)
    return node
  }

  async status(nodeId: number): Promise<NodeStatus> {
    return await nodeStatus(this.node(nodeId))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

export async function nodeStatus({ http }: RunningNode): Promise<NodeStatus> {
  const response = await within("GET /nodes", fetch(`http://${http}/nodes`))
  return parseNodeStatus(await response.json())
}
