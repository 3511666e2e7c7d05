import {
  COUNT_MAX,
  FLAG_FORWARDED,
  Op,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../../protocol/index.ts"

/**
 * The count of a well-formed request that asks this node for its own ids, as most do: LOCAL without
 * flags, or NODE with this node as its target, forwarded or not; 0 for every other request.
 */
export function ownCount(bytes: Uint8Array, offset: number, nodeId: number): number {
  const op = requestOp(bytes, offset)
  const flags = requestFlags(bytes, offset)
  const target = requestTarget(bytes, offset)
  const isOwn =
    op === Op.LOCAL
      ? flags === 0 && target === 0
      : op === Op.NODE && flags <= FLAG_FORWARDED && target === nodeId
  const count = isOwn ? requestCount(bytes, offset) : 0
  return count <= COUNT_MAX ? count : 0
}
