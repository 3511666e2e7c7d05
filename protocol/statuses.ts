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

/** Whether the protocol has a status of this code. What comes from outside is narrowed by this. */
export function isStatus(code: number): code is Status {
  return STATUSES[code] !== undefined
}
