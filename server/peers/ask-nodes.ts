import type { PeerContext } from "./context.ts"
import { LinkCheck } from "./link-check.ts"
import type { Finding } from "./link-check.ts"
import { Link } from "./link.ts"
import type { PeerEntry } from "./peer-set.ts"

/**
 * Asks each of these nodes, over a connection of its own, who it is and what time it is there.
 * @param heard is told of every node that answers within `limitMs`, as it does
 */
export async function askNodes(
  entries: readonly PeerEntry[],
  context: PeerContext,
  limitMs: number,
  heard: (entry: PeerEntry, finding: Finding) => void,
): Promise<void> {
  const asked = entries.map(async (entry) => {
    const finding = await ask(entry, context, limitMs)
    if (finding !== undefined) heard(entry, finding)
  })
  await Promise.all(asked)
}

async function ask(
  { nodeId, address }: PeerEntry,
  context: PeerContext,
  limitMs: number,
): Promise<Finding | undefined> {
  const { promise, resolve } = Promise.withResolvers<Finding | undefined>()
  const { dial, environment, flushScheduler } = context
  const link = new Link({
    address,
    dial,
    environment,
    flushScheduler,
    stallMs: limitMs,
    closed: () => resolve(undefined),
  })
  const check = new LinkCheck(link, nodeId, context, resolve)
  check.beat(environment.monotonicMs())
  // Ends the wait for a process that does not answer.
  const overdue = environment.after(limitMs, () => link.close("no answer"))
  const finding = await promise
  overdue.cancel()
  link.close("asked")
  return finding
}
