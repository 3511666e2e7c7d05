import type { Status } from "./statuses.ts"

/** What a response says, its value as two 32-bit halves. */
export interface Answer {
  readonly status: Status
  readonly high: number
  readonly low: number
}
