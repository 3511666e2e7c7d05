import type { Address } from "../net/address.ts"
import type { PeerContext } from "./context.ts"
import { LinkCheck } from "./link-check.ts"
import { Link } from "./link.ts"
import type { PeerEntry } from "./peer-set.ts"

/**
 * Asks every listed address, this node's own included, whether another process with this node's id
 * answers there.
 * @returns the addresses where such a process answers within `limitMs`
 */
export async function findDuplicates(
  entries: readonly PeerEntry[],
  context: PeerContext,
  limitMs: number,
): Promise<Address[]> {
  const found = entries.map(async (entry) =>
    (await answersAsUs(entry, context, limitMs)) ? [entry.address] : [],
  )
  return (await Promise.all(found)).flat()
}

async function answersAsUs(
  { nodeId, address }: PeerEntry,
  context: PeerContext,
  limitMs: number,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const { dial, environment, flushScheduler } = context
  const link = new Link({
    address,
    dial,
    environment,
    flushScheduler,
    stallMs: limitMs,
    closed: () => resolve(false),
  })
  const check = new LinkCheck(link, nodeId, context, ({ isDuplicate }) => resolve(isDuplicate))
  check.beat(environment.monotonicMs())
  // Ends the wait for a process that does not answer.
  const overdue = environment.after(limitMs, () => link.close("no answer"))
  const isDuplicate = await promise
  overdue.cancel()
  link.close("asked")
  return isDuplicate
}
