/**
 * Rendezvous hashing (Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996):
 * every node has a weight for every key, and the live node with the highest owns the key. When a
 * node goes, only its keys move, each to the node that comes next for it.
 */

/** Spreads node ids over 32 bits: 2^32 divided by the golden ratio, odd. */
const NODE_SPREAD = 0x9e3779b1

/**
 * The weight of a node for a key hash, 0 to 2^32-1. No two nodes tie: for one key the node decides
 * the input of the mixer, which is a bijection (the finalizer of MurmurHash3).
 */
export function rendezvousWeight(keyHash: number, nodeId: number): number {
  let mixed = keyHash ^ Math.imul(nodeId + 1, NODE_SPREAD)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The one of `nodeIds` that owns the key; there must be one. */
export function rendezvousOwner(keyHash: number, nodeIds: readonly number[]): number {
  let owner = -1
  let ownerWeight = -1
  // By index: an iterator costs half as much again over a thousand nodes.
  for (let at = 0; at < nodeIds.length; at++) {
    const nodeId = nodeIds[at]!
    const weight = rendezvousWeight(keyHash, nodeId)
    if (weight > ownerWeight) {
      owner = nodeId
      ownerWeight = weight
    }
  }
  return owner
}
