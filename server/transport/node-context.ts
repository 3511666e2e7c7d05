import type { NodeStatus } from "../node-status.ts"

/** What the dialects of the TCP port can tell about, besides ids. */
export interface NodeContext {
  /** Where HTTP is spoken, for those who try it here. */
  httpAt(): string | undefined
  status(): NodeStatus
}
