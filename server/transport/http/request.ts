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
