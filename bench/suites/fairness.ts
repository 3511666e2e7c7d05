import { join } from "node:path"
import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { OwnTarget } from "../load/load.ts"
import { ServerProcess } from "../machine/server-process.ts"
import { startNode } from "../servers.ts"

const ATTACKER = join(import.meta.dir, "../programs/attacker.ts")

/** What the figure of each attack begins with. */
export const FAIRNESS_PREFIX = "p99 of one id at a time: "
/** What a modest client is to stay below. */
export const MODEST_P99_MS = 5

const BESIDE = "beside it"
const AFTER = "after it"

/** What `attacker.ts` can do, in words. */
const ATTACKS: Readonly<Record<string, string>> = {
  "blocks-unread": "200 clients that pipeline blocks of 4,096 and do not read",
  "blocks-read": "500 readers of blocks, 16 in flight each",
  "block-each": "10,000 connections, one block each",
  singles: "50 clients 4,096 deep with single ids",
  pings: "50 clients 16,000 deep with PINGs",
  "bad-frames": "50 clients 16,000 deep with bad frames",
  resets: "300 clients that ask for 60,000 blocks each and reset",
}

/**
 * What a modest client, one id at a time, gets from a node beside clients that take all they can,
 * and right after these are gone.
 */
export async function fairnessSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const node = await startNode(bench, owner, { args: ["--max-connections", "10100"] })
  for (const [kind, meaning] of Object.entries(ATTACKS)) {
    if (kind === "block-each" && !bench.canOpen(10_000)) continue
    await bench.compete(
      { name: fairnessName(meaning), unit: "ms", better: "lower", parameters: {}, rounds: 1 },
      [
        { subject: BESIDE, measure: () => besideAttack(bench, node, kind) },
        { subject: AFTER, measure: () => modestClient(bench, node) },
      ],
    )
  }
}

/** How the figure of an attack is called. */
function fairnessName(meaning: string): string {
  return `${FAIRNESS_PREFIX}${meaning}`
}

async function besideAttack(bench: Bench, node: OwnTarget, kind: string): Promise<Sample> {
  const command = [process.execPath, ATTACKER, kind, `${node.port}`]
  const options = { core: "load", ready: /^ready/m, stopSignal: "SIGKILL" } as const
  await using _ = await ServerProcess.start(command, options)
  return await modestClient(bench, node)
}

/** On any core: that of the attacker is busy. */
async function modestClient(bench: Bench, node: OwnTarget): Promise<Sample> {
  const load = { connections: 1, depth: 1, seconds: bench.seconds * 4 }
  const sample = throughput(await putLoad(bench, node, load, undefined))
  return { ...sample, value: sample.latencyUs!.p99 / 1_000 }
}
