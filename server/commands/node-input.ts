import { InputError } from "../../protocol/index.ts"
import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { readPeersFile, requireNode } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"

/** @throws InputError when neither it nor a node id is given */
export function dataDirOf({
  dataDir,
  nodeId,
}: {
  readonly dataDir?: string | undefined
  readonly nodeId?: number | undefined
}): string {
  if (dataDir !== undefined) return dataDir
  if (nodeId !== undefined) return `./data/node-${nodeId}`
  throw new InputError(
    "no node id: give --node-id N, 0 to 1023 and a different one for every node, " +
      "or --data-dir DIR of a node that was seeded or started before",
  )
}

/** @param nodeId the node that reads it, if it is known */
export function peersOfFile(path: string | undefined, nodeId: number | undefined): PeerEntry[] {
  if (path === undefined) return []
  const entries = readPeersFile(path)
  if (nodeId !== undefined) requireNode(entries, nodeId, path)
  return entries
}

/** @throws InputError when two options name one address; a port 0 is another one each time */
export function requireDistinct(
  addresses: Readonly<Record<string, ListenAddress | undefined>>,
): void {
  const seen = new Map<string, string>()
  for (const [flag, address] of Object.entries(addresses)) {
    if (address === undefined || ("port" in address && address.port === 0)) continue
    const text = addressText(address)
    const other = seen.get(text)
    if (other !== undefined) {
      throw new InputError(
        `${other} and ${flag} are both ${text}: each needs an address of its own`,
      )
    }
    seen.set(text, flag)
  }
}

/** @throws InputError when other nodes could not connect there */
export function requireReachable(tcp: ListenAddress): void {
  if (!("path" in tcp)) return
  throw new InputError(
    `other nodes cannot reach ${addressText(tcp)}: --tcp takes HOST:PORT in a cluster`,
  )
}
