import type { Environment } from "../../environment.ts"
import { MediaType } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import { REASONS } from "./reasons.ts"
import { Persistence } from "./request.ts"

/** By `Persistence`. */
const CONNECTION_LINES = ["", "Connection: keep-alive\r\n", "Connection: close\r\n"]
const MEDIA_TYPES = [MediaType.TEXT, MediaType.JSON]

const encoder = new TextEncoder()

/** Makes the bytes of responses, for all HTTP connections of a node. */
export class Responses {
  readonly #environment: Environment
  #second = -1
  #date = ""
  /** Those of ids up to the digits of their length, by media type and persistence. */
  #idsHeads: readonly Uint8Array[] = []
  /** Whether a connection is to be closed after what it has sent so far. */
  isLast = false

  constructor(environment: Environment) {
    this.#environment = environment
    this.refresh()
  }

  /** Reads the clock for the Date of the responses that follow: once a chunk is enough. */
  refresh(): void {
    const second = Math.floor(this.#environment.wallMs() / 1_000)
    if (second === this.#second) return
    this.#second = second
    this.#date = new Date(second * 1_000).toUTCString()
    this.#idsHeads = MEDIA_TYPES.flatMap((mediaType) =>
      Object.values(Persistence).map((persistence) =>
        encoder.encode(
          `${this.#head(200, mediaType, persistence)}Vary: Accept\r\nContent-Length: `,
        ),
      ),
    )
  }

  /** A response with ids, up to the digits of its Content-Length. */
  idsHead(isJson: boolean, persistence: Persistence): Uint8Array {
    return this.#idsHeads[(isJson ? CONNECTION_LINES.length : 0) + persistence]!
  }

  /** @param isHead whether the body is only to be told of */
  whole(
    { status, mediaType, body, headers }: HttpAnswer,
    persistence: Persistence,
    isHead: boolean,
  ): Uint8Array {
    let head = this.#head(status, status === 204 ? undefined : mediaType, persistence)
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`
    if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body)}\r\n`
    return encoder.encode(`${head}\r\n${isHead ? "" : (body ?? "")}`)
  }

  #head(status: number, mediaType: MediaType | undefined, persistence: Persistence): string {
    const type = mediaType === undefined ? "" : `Content-Type: ${mediaType};charset=utf-8\r\n`
    return (
      `HTTP/1.1 ${status} ${REASONS[status]}\r\nDate: ${this.#date}\r\n${type}` +
      `Cache-Control: no-store\r\n${CONNECTION_LINES[persistence]}`
    )
  }
}
