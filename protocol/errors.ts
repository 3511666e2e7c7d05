/** Status codes: byte 0 of a response. */
export const Status = {
  OK: 0,
  BAD_REQUEST: 1,
  UNKNOWN_NODE: 2,
  NODE_DOWN: 3,
  TIMEOUT: 4,
  OVERLOADED: 5,
  CLOCK_BEHIND: 6,
  NOT_READY: 7,
  WRONG_NODE: 8,
} as const
export type Status = (typeof Status)[keyof typeof Status]
export type StatusName = keyof typeof Status

export interface StatusRow {
  readonly name: StatusName
  /** Whether another node may well answer the same request. Asking again never causes a duplicate. */
  readonly retryable: boolean
  /** What the value of such a response says. */
  readonly detail: string
}

/** The one table of statuses, indexed by code. */
export const STATUSES: readonly StatusRow[] = [
  { name: "OK", retryable: false, detail: "the answer" },
  { name: "BAD_REQUEST", retryable: false, detail: "offset of the first wrong byte" },
  { name: "UNKNOWN_NODE", retryable: false, detail: "the target" },
  { name: "NODE_DOWN", retryable: true, detail: "the target" },
  { name: "TIMEOUT", retryable: true, detail: "milliseconds waited" },
  { name: "OVERLOADED", retryable: true, detail: "milliseconds after which to try again" },
  { name: "CLOCK_BEHIND", retryable: true, detail: "milliseconds until the clock has caught up" },
  { name: "NOT_READY", retryable: true, detail: "0" },
  { name: "WRONG_NODE", retryable: false, detail: "the node id that answered" },
]

/** A status as an error: what a caller of Firn gets when the answer is not OK. */
export class FirnError extends Error {
  override readonly name = "FirnError"
  readonly code: StatusName
  readonly retryable: boolean
  /** The value of the response; see `STATUSES` for its meaning. */
  readonly detail: bigint

  constructor(code: StatusName, detail: bigint, options?: ErrorOptions) {
    const row = STATUSES[Status[code]]!
    super(`${code}: ${row.detail} = ${detail}`, options)
    this.code = code
    this.retryable = row.retryable
    this.detail = detail
  }

  /**
   * The error for a response's status byte.
   * @throws RangeError when the byte is no status of this protocol version.
   */
  static fromStatus(status: number, detail: bigint): FirnError {
    const row = STATUSES[status]
    if (row === undefined) {
      throw new RangeError(`status ${status} is not one of 0..${STATUSES.length - 1}`)
    }
    return new FirnError(row.name, detail)
  }
}
