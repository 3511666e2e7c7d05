import type { Address } from "../transport/address.ts"
import type { PeerContext } from "./context.ts"
import { LinkCheck } from "./link-check.ts"
import { Link } from "./link.ts"
import type { PeerEntry } from "./peer-set.ts"

/**
 * Asks every listed address, this node's own included, whether another process with this node's id
 * answers there.
 * @returns the addresses of such processes, of those that answer within `limitMs`
 */
export async function findDuplicates(
  entries: readonly PeerEntry[],
  context: PeerContext,
  limitMs: number,
): Promise<Address[]> {
  const timeUp = new Promise<boolean>((resolve) => {
    context.runtime.after(limitMs, () => resolve(false))
  })
  const found = entries.map(async (entry) => {
    const isDuplicate = await Promise.race([answersAsUs(entry, context, limitMs), timeUp])
    return isDuplicate ? [entry.address] : []
  })
  return (await Promise.all(found)).flat()
}

async function answersAsUs(
  { nodeId, address }: PeerEntry,
  context: PeerContext,
  stallMs: number,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const { dial, runtime, turnEnd } = context
  const link = new Link({ address, dial, runtime, turnEnd, stallMs, closed: () => resolve(false) })
  const check = new LinkCheck(link, nodeId, context, ({ isDuplicate }) => resolve(isDuplicate))
  check.beat(runtime.monotonicMs())
  // A link that never opens is closed by this too.
  const overdue = runtime.after(stallMs, () => link.close("no answer"))
  const isDuplicate = await promise
  overdue.cancel()
  link.close("asked")
  return isDuplicate
}
