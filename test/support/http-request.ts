import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import type { MetricFamily } from "../../server/metrics/metric.ts"
import { READY } from "../../server/readiness.ts"
import type { NewDialect } from "../../server/transport/dialect.ts"
import { Dispatcher } from "../../server/transport/http/dispatcher.ts"
import { EventHub, eventBytes } from "../../server/transport/http/event-hub.ts"
import type { EventSource } from "../../server/transport/http/event-stream.ts"
import { HttpDialect, HttpService } from "../../server/transport/http/http-dialect.ts"
import type { HttpRequest } from "../../server/transport/http/request.ts"
import { Responses } from "../../server/transport/http/responses.ts"
import type { ServedNode } from "../../server/transport/http/route.ts"
import { ALL_ROUTES } from "../../server/transport/http/openapi.ts"
import { FakeClient } from "./fake-client.ts"
import type { FakeServer } from "./fake-client.ts"
import { MemoryLog } from "./memory-log.ts"
import { SAMPLE_STATUS } from "./sample-status.ts"

/** @param target the path, with the query if there is one */
export function httpRequest(
  target: string,
  { method = "GET", accept = "*/*" }: Partial<Pick<HttpRequest, "method" | "accept">> = {},
): HttpRequest {
  const [path = "", query = ""] = target.split("?", 2)
  return { method, path, query, accept }
}

const METRICS: MetricFamily[] = [
  { name: "firn_ready", type: "gauge", help: "Whether it is ready", advice: "", reading: 1 },
]

/** Events that a test makes. */
export class SampleEvents extends EventHub implements EventSource {
  first(): Uint8Array {
    return eventBytes({ first: true })
  }
}

/** A node that tells of itself what a test wants. */
export function servedNode(told: Partial<ServedNode> = {}): ServedNode {
  const readiness = (): typeof READY => READY
  const status = (): typeof SAMPLE_STATUS => SAMPLE_STATUS
  return {
    epochMs: DEFAULT_EPOCH_MS,
    readiness,
    status,
    metrics: () => METRICS,
    events: new SampleEvents(),
    ...told,
  }
}

/** The bytes of a GET, with these header lines besides Host. */
export function get(target: string, ...fields: readonly string[]): string {
  const lines = [`GET ${target} HTTP/1.1`, "Host: firn", ...fields]
  return `${lines.join("\r\n")}\r\n\r\n`
}

/** What an HTTP port of a node speaks. */
export function httpDialects(
  responses: Responses,
  told: Partial<ServedNode> = {},
  log: MemoryLog = new MemoryLog(),
): NewDialect {
  const service = new HttpService(
    new Dispatcher(ALL_ROUTES, servedNode(told), log.logger),
    responses,
  )
  return () => new HttpDialect(service)
}

export interface HttpResponse {
  readonly status: number
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A client without a network that speaks HTTP. */
export class HttpClient extends FakeClient {
  readonly log: MemoryLog
  readonly responses: Responses

  constructor(server: FakeServer, told: Partial<ServedNode> = {}) {
    const log = new MemoryLog()
    const responses = new Responses(server.node.environment)
    super(server, httpDialects(responses, told, log))
    this.log = log
    this.responses = responses
  }

  /** @param heads how many of the responses have no body, whatever their length says: from the first */
  received(heads = 0): HttpResponse[] {
    return parseResponses(this.text, heads)
  }
}

const HEAD = /^HTTP\/1\.1 ([0-9]{3}) [A-Z][^\r\n]*\r\n([^]*?)\r\n\r\n/

/** A naive reader of responses. @throws Error when the text is anything else */
export function parseResponses(stream: string, heads = 0): HttpResponse[] {
  const responses: HttpResponse[] = []
  let rest = stream
  while (rest !== "") {
    const [, statusText, lines] = HEAD.exec(rest) ?? []
    if (lines === undefined) throw new Error(`no response: ${JSON.stringify(rest.slice(0, 200))}`)
    const headers = Object.fromEntries(
      lines.split("\r\n").map((line) => {
        const [, name, value] = /^([A-Za-z-]+): ([^\r\n]+)$/.exec(line)!
        return [name!.toLowerCase(), value!]
      }),
    )
    rest = rest.slice(rest.indexOf("\r\n\r\n") + 4)
    // It goes on until the connection is closed.
    const isStream = headers["content-type"]?.startsWith("text/event-stream")
    const hasBody = responses.length >= heads && statusText !== "204"
    const length = isStream ? rest.length : hasBody ? Number(headers["content-length"]) : 0
    if (rest.length < length || Number.isNaN(length)) throw new Error("a body is cut")
    responses.push({ status: Number(statusText), headers, body: rest.slice(0, length) })
    rest = rest.slice(length)
  }
  return responses
}
