import { join } from "node:path"
import { TempDir } from "../../test/support/temp-dir.ts"
import type { Bench } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { MixPart } from "../../server/load/workload.ts"
import { ServerProcess } from "../machine/server-process.ts"
import { startFloor, startNode } from "../servers.ts"
import { TCP_FLOOR } from "./tcp.ts"

const CONNECTIONS = [1, 10, 100, 500, 1_000, 10_000]
const PEERS = [1, 7, 63, 255, 1_023]
const STUBS = join(import.meta.dir, "../programs/peer-stubs.ts")

const OPS = ["RANDOM", "KEY", "LOCAL"] as const
type GrownOp = (typeof OPS)[number]

/** Throughput and latency as the number of connections grows, and as that of nodes does. */
export async function growthSuite(bench: Bench): Promise<void> {
  await connectionGrowth(bench)
  for (const peers of PEERS) await peerGrowth(bench, peers)
}

/** The name of the figure of this many connections. */
function connectionsName(connections: number): string {
  return `${connections} connections, one at a time`
}

/** The name of the figure of this many peers. */
function peersName(peers: number): string {
  return `${peers} peers, 50 connections, 16 deep`
}

async function connectionGrowth(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const subjects = [
    { subject: FIRN, target: await startNode(bench, owner) },
    { subject: TCP_FLOOR, target: await startFloor(bench, owner, "tcp") },
  ]
  for (const connections of CONNECTIONS) {
    if (!bench.canOpen(connections)) continue
    const load = { connections, depth: 1 }
    const contestants = subjects.map(({ subject, target }) => ({
      subject,
      measure: async () => throughput(await putLoad(bench, target, load)),
    }))
    const head = { unit: "ids/s", better: "higher", parameters: load } as const
    await bench.compete({ name: connectionsName(connections), ...head }, contestants)
  }
}

async function peerGrowth(bench: Bench, peers: number): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const dir = owner.use(new TempDir())
  const stubs = await ServerProcess.start([process.execPath, STUBS, `${peers}`], {
    core: "load",
    ready: /^listening on [0-9,]+\.$/m,
  })
  owner.use(stubs)
  const ports = /^listening on ([0-9,]+)\.$/m.exec(stubs.output)![1]!.split(",")
  const file = dir.at("peers")
  // A node has to be in its own list; nobody looks for it where it says it is.
  const lines = ["1", ...ports].map((port, nodeId) => `${nodeId}@127.0.0.1:${port}\n`)
  await Bun.write(file, lines.join(""))
  const node = await startNode(bench, owner, { args: ["--peers-file", file] })
  const load = (op: GrownOp) => {
    const mix: MixPart[] = [{ op, share: 1 }]
    return putLoad(bench, node, { connections: 50, depth: 16, mix })
  }
  // Before the measuring the node connects to all of them.
  await load("RANDOM")
  await bench.compete(
    { name: peersName(peers), unit: "ids/s", better: "higher", parameters: { peers } },
    OPS.map((op) => ({
      subject: grownSubject(op),
      measure: async () => throughput(await load(op)),
    })),
  )
}

/** The name of the series of an op. */
function grownSubject(op: GrownOp): string {
  return op === "LOCAL" ? "the node asked" : op === "KEY" ? "the owner of a key" : "a random node"
}
