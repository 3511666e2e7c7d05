import { STATUSES, Status, halvesToNumber, refusalText } from "../../../protocol/index.ts"
import type { Answer } from "../../../protocol/index.ts"
import { REASONS } from "./reasons.ts"

export const MediaType = {
  TEXT: "text/plain",
  JSON: "application/json",
  /** Of an error, by RFC 9457. */
  PROBLEM: "application/problem+json",
  CSV: "text/csv",
  HTML: "text/html",
  EVENTS: "text/event-stream",
  /** Of metrics, as Prometheus has them. */
  PROMETHEUS: "text/plain; version=0.0.4",
  OPEN_METRICS: "application/openmetrics-text; version=1.0.0",
} as const
export type MediaType = (typeof MediaType)[keyof typeof MediaType]

/** What is answered to a request, whoever sends it. */
export interface HttpAnswer {
  readonly status: number
  readonly mediaType: MediaType
  /** undefined: there is none, or it comes later, and nothing is told of its length */
  readonly body: string | undefined
  /** Those beside Content-Type. */
  readonly headers: Readonly<Record<string, string>> | undefined
}

/** Of an answer that is another one for another Accept. */
export const BY_ACCEPT = { Vary: "Accept" }

/** An error as JSON has it: https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  readonly type: "about:blank"
  /** The phrase of the status. */
  readonly title: string
  readonly status: number
  /** What is wrong, in one sentence. */
  readonly detail: string
}

/** An error whose line is text or, for whoever asks for JSON, in a problem; other answers as they are. */
export function forAccept(answer: HttpAnswer, isJson: boolean): HttpAnswer {
  const { status, body = "" } = answer
  if (status < 400) return answer
  const headers = { ...BY_ACCEPT, ...answer.headers }
  if (!isJson) return { ...answer, headers }
  const title = REASONS[status] ?? ""
  const problem: Problem = { type: "about:blank", title, status, detail: body.trimEnd() }
  return { status, mediaType: MediaType.PROBLEM, body: JSON.stringify(problem), headers }
}

/** One line of text. */
export function text(status: number, line: string, headers?: HttpAnswer["headers"]): HttpAnswer {
  return { status, mediaType: MediaType.TEXT, body: `${line}\n`, headers }
}

export function json(value: object): HttpAnswer {
  const body = JSON.stringify(value)
  return { status: 200, mediaType: MediaType.JSON, body, headers: undefined }
}

/** Seconds are the header's unit; at least one, so that nobody asks again at once. */
export function retryAfter(ms: number): Record<string, string> {
  return { "Retry-After": String(Math.max(1, Math.ceil(ms / 1_000))) }
}

/** The answer to a request for ids that gets none. */
export function refusal(answer: Answer): HttpAnswer {
  const row = STATUSES[answer.status]
  const line = `${row?.name}: ${refusalText(answer)}`
  if (answer.status === Status.TIMEOUT)
    return text(503, "Service Unavailable - Timeout", retryAfter(0))
  if (row?.retryable) {
    const isDelay = answer.status === Status.CLOCK_BEHIND || answer.status === Status.OVERLOADED
    return text(503, line, retryAfter(isDelay ? halvesToNumber(answer.high, answer.low) : 0))
  }
  if (answer.status === Status.UNKNOWN_NODE) return text(404, line)
  return text(answer.status === Status.BAD_REQUEST ? 400 : 502, line)
}
