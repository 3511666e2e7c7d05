/** What a client asks for, however the request came in. */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string
  /** As it was sent: percent-encoding is not undone. */
  readonly path: string
  /** What follows the `?`; "" when there is none. */
  readonly query: string
  /** The header of this name. */
  readonly accept: string | null
}

/** What becomes of the connection after an answer, and how the answer says so. */
export const Persistence = {
  /** It stays, as it does by itself in HTTP/1.1. */
  KEEP: 0,
  /** It stays, which a client of HTTP/1.0 has to be told. */
  KEEP_ALIVE: 1,
  CLOSE: 2,
} as const
export type Persistence = (typeof Persistence)[keyof typeof Persistence]

/** A request as it came over a connection. */
export interface ReceivedRequest extends HttpRequest {
  readonly persistence: Persistence
}
