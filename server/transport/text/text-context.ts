import type { NodeStatus } from "../../node-status.ts"

/** What lines of text can tell about, besides ids. */
export interface TextContext {
  /** Where HTTP is spoken, for those who try it here. */
  httpAt(): string | undefined
  status(): NodeStatus
}
