import type { Status } from "../../protocol/index.ts"

/** Waits for the answer to one request, and is told one of these once. */
export interface ResponseHandler {
  /** How many ids it asks for; 0: it asks for something else. */
  readonly wanted: number
  answered(status: Status, high: number, low: number): void
  /** There will be no answer; `detail` goes with the status, 32 bits. */
  lost(status: Status, detail: number): void
}
