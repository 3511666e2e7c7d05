import { join } from "node:path"
import type { Bench } from "../bench.ts"
import type { Sample, Series } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { Target } from "../load/load.ts"
import { ServerProcess } from "../machine/server-process.ts"
import { startNode } from "../servers.ts"
import type { RunningNode } from "../servers.ts"

const ATTACKER = join(import.meta.dir, "../programs/attacker.ts")

/** What the figure of each attack begins with. */
export const FAIRNESS_PREFIX = "p99 of one id at a time: "
/** What a modest client is to stay below. */
export const MODEST_P99_MS = 5

/** What `attacker.ts` can do, in words. */
const ATTACKS: Readonly<Record<string, string>> = {
  "blocks-unread": "200 clients that pipeline blocks of 4,096 and do not read",
  "blocks-read": "500 readers of blocks, 16 in flight each",
  "block-each": "10,000 connections, one block each",
  singles: "50 clients 4,096 deep with single ids",
  pings: "50 clients 16,000 deep with PINGs",
  "bad-frames": "50 clients 16,000 deep with bad frames",
  "http-unread-500": "500 clients that pipeline over HTTP and do not read",
  "http-blocks-unread": "500 clients that pipeline blocks over HTTP and do not read",
  resets: "300 clients that ask for 60,000 blocks each and reset",
  "http-closed": "20,000 clients that ask for a block over HTTP and close",
}

/**
 * What a modest client, one id at a time, gets in each dialect from a node beside clients that take
 * all they can, and right after these are gone.
 */
export async function fairnessSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const args = ["--max-connections", "10100"]
  const node = await startNode(bench, owner, { http: true, args })
  for (const [kind, meaning] of Object.entries(ATTACKS)) {
    if (kind === "block-each" && !bench.canOpen(10_000)) continue
    const series = await besideAttack(bench, node, kind)
    const after = await modestClient(bench, node)
    series.push({ subject: "TCP after it", samples: [after] })
    bench.add({
      name: `${FAIRNESS_PREFIX}${meaning}`,
      unit: "ms",
      better: "lower",
      parameters: {},
      series,
    })
  }
}

/** One modest client a dialect, all at the same time. */
async function besideAttack(bench: Bench, node: RunningNode, kind: string): Promise<Series[]> {
  const http = kind.startsWith("http")
  const command = [process.execPath, ATTACKER, kind, `${http ? node.httpPort : node.port}`]
  const options = { core: "load", ready: /^ready/m, stopSignal: "SIGKILL" } as const
  await using _ = await ServerProcess.start(command, options)
  const clients: readonly [string, Target][] = [
    ["TCP", node],
    ["text", { ...node, protocol: "text" }],
    ["HTTP", { ...node, port: node.httpPort, protocol: "http" }],
  ]
  return await Promise.all(
    clients.map(async ([dialect, target]) => ({
      subject: `${dialect} beside it`,
      samples: [await modestClient(bench, target)],
    })),
  )
}

/** On any core: that of the attacker is busy. */
async function modestClient(bench: Bench, target: Target): Promise<Sample> {
  const load = { connections: 1, depth: 1, seconds: bench.seconds * 4 }
  const sample = throughput(await putLoad(bench, target, load, undefined))
  return { ...sample, value: sample.latencyUs!.p99 / 1_000 }
}
