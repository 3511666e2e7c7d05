import { STATUSES, Status, halvesToNumber, refusalText } from "../protocol/index.ts"
import type { StatusName } from "../protocol/index.ts"

/** Why a call failed: the name of a wire status, or what went wrong on this side. */
export type FirnErrorCode =
  | Exclude<StatusName, "OK">
  /** No server could be reached, the connection was lost, or what answered is no Firn node. */
  | "CONNECT_FAILED"
  /** The client is closed, or was closed before the answer came. */
  | "CLOSED"
  /** `idSync` or `idsSync` has found too few ids at hand; more are on their way. */
  | "NOT_AT_HAND"
  /** The call's signal was aborted; its reason is the `cause`. */
  | "ABORTED"
  /** An option or an argument is wrong; nothing was sent. */
  | "INVALID_ARGUMENT"

/** What is known about a failure besides its code and its sentence. */
export interface FirnErrorDetails {
  readonly server?: string | undefined
  readonly detail?: number | undefined
  readonly tries?: number | undefined
  readonly failures?: readonly FirnError[] | undefined
  readonly cause?: unknown
  /** Only where it differs from what the code says. */
  readonly retryable?: boolean | undefined
}

/** Every error that this package throws or rejects with. */
export class FirnError extends Error {
  override readonly name = "FirnError"
  readonly code: FirnErrorCode
  /** Whether the same call may succeed later. Asking again never gives an id out twice. */
  readonly retryable: boolean
  /** The server that failed last, by its name in the list; undefined when none was tried. */
  readonly server: string | undefined
  /** The number that came with a wire status (`protocol/README.md` says what it means). */
  readonly detail: number | undefined
  /** How many tries have failed. */
  readonly tries: number
  /** The last failure of each server that was tried, the newest last. */
  readonly failures: readonly FirnError[]

  constructor(code: FirnErrorCode, message: string, details: FirnErrorDetails = {}) {
    super(`${code}: ${message}`, "cause" in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = details.retryable ?? isRetryable(code)
    this.server = details.server
    this.detail = details.detail
    this.tries = details.tries ?? 0
    this.failures = details.failures ?? []
  }

  /** What `JSON.stringify` shows: all there is but the stack, which tells of the client's insides. */
  toJSON(): object {
    const { name, code, message, retryable, server, detail, tries, failures, cause } = this
    const told = cause instanceof Error && !(cause instanceof FirnError) ? cause.message : undefined
    return { name, code, message, retryable, server, detail, tries, failures, cause: told }
  }
}

/** The error for a status other than OK; `high` and `low` are the halves of its value. */
export function statusError(status: Status, high: number, low: number, server: string): FirnError {
  const code = STATUSES[status]!.name as Exclude<StatusName, "OK">
  const message = `${server}: ${refusalText({ status, high, low })}`
  return new FirnError(code, message, { server, detail: halvesToNumber(high, low) })
}

/** The error for a status that there is not. What answers so must not be asked again. */
export function unknownStatusError(code: number, server: string): FirnError {
  const what = `answered with status ${code}, which protocol version 1 does not have`
  return new FirnError("CONNECT_FAILED", `${server} ${what}`, { server, retryable: false })
}

export function invalidArgument(message: string): FirnError {
  return new FirnError("INVALID_ARGUMENT", message)
}

export function notAtHand(count: number): FirnError {
  const wanted = count === 1 ? "no id is at hand" : `fewer than ${count} ids are at hand`
  const remedy = "await client.ready() before the first, or raise prefetch.size or prefetch.ttlMs"
  return new FirnError("NOT_AT_HAND", `${wanted}; more are on their way (${remedy})`)
}

function isRetryable(code: FirnErrorCode): boolean {
  if (code === "CONNECT_FAILED" || code === "NOT_AT_HAND") return true
  if (code === "CLOSED" || code === "ABORTED" || code === "INVALID_ARGUMENT") return false
  return STATUSES[Status[code]]!.retryable
}
