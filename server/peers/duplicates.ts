import type { Address } from "../net/address.ts"
import { askNodes } from "./ask-nodes.ts"
import type { PeerContext } from "./context.ts"
import type { Finding } from "./link-check.ts"
import type { PeerEntry } from "./peer-set.ts"

/**
 * Asks every listed address, this node's own included, whether another process with this node's id
 * answers there.
 * @param heard is told of everyone who answers
 * @returns the addresses where such a process answers within `limitMs`
 */
export async function findDuplicates(
  entries: readonly PeerEntry[],
  context: PeerContext,
  limitMs: number,
  heard: (entry: PeerEntry, finding: Finding) => void = () => {},
): Promise<Address[]> {
  const found = new Set<PeerEntry>()
  await askNodes(entries, context, limitMs, (entry, finding) => {
    if (finding.isDuplicate) found.add(entry)
    heard(entry, finding)
  })
  return entries.filter((entry) => found.has(entry)).map(({ address }) => address)
}
