import { ExitCode, ServerError } from "../errors.ts"

export const StoreFault = {
  /** What is stored cannot be made, read or written. */
  UNUSABLE: "UNUSABLE",
  /** Another process holds it. */
  LOCKED: "LOCKED",
  /** This process had it, and another process has claimed it since. */
  LOST: "LOST",
  /** What is stored is not what was written. */
  CORRUPT: "CORRUPT",
  /** Another node id or epoch is stored than the one asked for. */
  MISMATCH: "MISMATCH",
  /** Nothing is stored, and no node id was given to begin with. */
  NO_NODE_ID: "NO_NODE_ID",
} as const
export type StoreFault = (typeof StoreFault)[keyof typeof StoreFault]

/** Why a store cannot be used: one sentence for an operator, with the place and what to do. */
export class StoreError extends ServerError {
  override readonly name = "StoreError"
  readonly fault: StoreFault

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options, exitCodeOf(fault))
    this.fault = fault
  }
}

function exitCodeOf(fault: StoreFault): ExitCode {
  switch (fault) {
    case StoreFault.MISMATCH:
    case StoreFault.NO_NODE_ID:
      return ExitCode.USAGE
    case StoreFault.LOST:
      return ExitCode.IDENTITY_LOST
    default:
      return ExitCode.FAILURE
  }
}
