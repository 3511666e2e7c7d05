import { COUNT_MAX, decodeId, idUnixMs } from "../../../protocol/index.ts"
import { integer, list, record, string } from "../../json-shape.ts"
import type { Shape } from "../../json-shape.ts"
import { Exposition, expositionOf } from "../../metrics/exposition.ts"
import { NODE_STATUS } from "../../node-status.ts"
import { READY } from "../../readiness.ts"
import { BY_ACCEPT, MediaType, json, retryAfter, text } from "./answers.ts"
import type { HttpAnswer, Problem } from "./answers.ts"
import { PAGE_ANSWER, PAGE_HEADERS } from "./page.ts"
import { textTable } from "../../text-table.ts"
import { wantedExposition, wantsHtml } from "./negotiation.ts"
import { nodesCsv } from "./nodes-csv.ts"
import { parseLocalQuery, parseRoutedQuery } from "./ids-query.ts"
import type { AnswerType, BodyType, Parameter, Route, ServedNode } from "./route.ts"

/** What `GET /decode/{id}` answers. */
interface DecodedId {
  readonly id: string
  readonly time: string
  readonly unixMs: number
  readonly node: number
  readonly sequence: number
}

const N: Parameter = {
  name: "n",
  meaning: "how many ids, consecutive and of one millisecond; one when it is left out",
  schema: { type: "integer", minimum: 1, maximum: COUNT_MAX },
}

const TARGET: Parameter = {
  name: "target",
  meaning:
    "who answers: random, a node id, or key:TEXT, for which the node that owns it answers; " +
    "this node when neither target nor key is given",
  schema: { type: "string", pattern: "^(random|(node:)?(0|[1-9][0-9]{0,8})|key:[\\s\\S]+)$" },
}

const KEY: Parameter = {
  name: "key",
  meaning: "a key, whatever it looks like; the node that owns it answers. Not beside target",
  schema: { type: "string", minLength: 1 },
}

const ID: Parameter = {
  name: "id",
  meaning: "an id in decimal",
  schema: { type: "string", pattern: `^([0-9]{1,19}|${digitsUpTo("18446744073709551615")})$` },
}

/** A pattern of as many digits as `limit` has that are not above it. */
function digitsUpTo(limit: string): string {
  const below = Array.from(limit, (digit, i) => {
    const rest = limit.length - i - 1
    return digit === "0" ? [] : [`${limit.slice(0, i)}[0-${Number(digit) - 1}][0-9]{${rest}}`]
  })
  return [...below.flat(), limit].join("|")
}

function textBody(description: string, pattern: RegExp): BodyType {
  return { mediaType: MediaType.TEXT, shape: string(description, pattern) }
}

function jsonBody(shape: Shape<unknown>): BodyType {
  return { mediaType: MediaType.JSON, shape }
}

const PROBLEM: Shape<Problem> = record<Problem>("an error, by RFC 9457", {
  type: string("about:blank: there is no more to it", /^about:blank$/) as Shape<"about:blank">,
  title: string("the phrase of the status"),
  status: integer("the status"),
  detail: string("what is wrong, in one sentence", /^[^\n]+$/),
})

/** An answer whose body says what is wrong. */
function refusal(status: number, meaning: string, headers: readonly string[] = []): AnswerType {
  const bodies = [
    textBody("why, in one line", /^[^\n]+\n$/),
    { mediaType: MediaType.PROBLEM, shape: PROBLEM },
  ]
  return { status, meaning, headers: [...Object.keys(BY_ACCEPT), ...headers], bodies }
}

function success(meaning: string, ...bodies: readonly BodyType[]): AnswerType {
  return { status: 200, meaning, headers: [], bodies }
}

const id = string("an id in decimal: a number of JavaScript would lose digits", /^[0-9]{1,20}$/)

const IDS: AnswerType = {
  ...success(
    "the ids",
    textBody("ids in decimal, each followed by a line feed", /^([0-9]{1,20}\n)+$/),
    jsonBody(record<{ id: string }>("without n", { id })),
    jsonBody(record<{ ids: readonly string[] }>("with n", { ids: list(id) })),
  ),
  headers: Object.keys(BY_ACCEPT),
}

const DECODED_ID: Shape<DecodedId> = record<DecodedId>("the parts of an id", {
  id,
  time: string("when it was given out, as a UTC date"),
  unixMs: integer("the same in Unix milliseconds"),
  node: integer("the node that gave it out"),
  sequence: integer("which one it is of the ids of its millisecond"),
})

const METRICS_TEXT = string("samples, a line each, under lines that describe them", /^# HELP /)

const NODES_CSV = string("a header, and a line for each node, by RFC 4180", /^node,address,state,/)

const BAD_QUERY = refusal(400, "a parameter is wrong")
const NO_IDS = refusal(503, "there are no ids now; ask again", ["Retry-After"])

/** What every route may answer besides. */
export const COMMON_ANSWERS: readonly AnswerType[] = [
  refusal(405, "the path has no such method", ["Allow"]),
  refusal(500, "a mistake of Firn; its log has the details"),
]

/** The one table of what HTTP offers. `README.md` has it for people. */
export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/lunique",
    summary: "Gives out ids of this node.",
    query: [N],
    answers: [IDS, BAD_QUERY, NO_IDS],
    ask: parseLocalQuery,
  },
  {
    method: "GET",
    path: "/dunique",
    summary: "Gives out ids of a random node, of a named one, or of the owner of a key.",
    query: [N, TARGET, KEY],
    answers: [
      IDS,
      BAD_QUERY,
      refusal(404, "the node is not in the cluster"),
      refusal(502, "another node than the one listed answered"),
      NO_IDS,
    ],
    ask: parseRoutedQuery,
  },
  {
    method: "GET",
    path: "/",
    isStatus: true,
    summary: "Shows the node as a page, or which paths there are as text.",
    query: [],
    answers: [
      {
        ...success(
          "the page, or the paths",
          { mediaType: MediaType.HTML, shape: string("the page", /^<!doctype html>/) },
          textBody("a path a line, and what it is for", /^Firn node \d+/),
        ),
        headers: Object.keys(PAGE_HEADERS),
      },
    ],
    handle: ({ accept }, node) => (wantsHtml(accept) ? PAGE_ANSWER : index(node)),
  },
  {
    method: "GET",
    path: "/events",
    isStatus: true,
    summary: "Tells what the page shows, each second, as server-sent events.",
    query: [],
    answers: [
      success("the events, until the client closes", {
        mediaType: MediaType.EVENTS,
        shape: string("an event each second, whose data is one line of JSON", /^data: \{/),
      }),
      refusal(503, "as many watch as may", ["Retry-After"]),
    ],
    events: true,
  },
  {
    method: "GET",
    path: "/nodes",
    isStatus: true,
    summary: "Shows this node and what it sees of the others.",
    query: [],
    answers: [success("the status", jsonBody(NODE_STATUS))],
    handle: (_, node) => json(node.status()),
  },
  {
    method: "GET",
    path: "/nodes.csv",
    isStatus: true,
    summary: "Shows this node and the others, a line each, for scripts.",
    query: [],
    answers: [success("the nodes", { mediaType: MediaType.CSV, shape: NODES_CSV })],
    handle: (_, node) => nodesCsv(node.status()),
  },
  {
    method: "GET",
    path: "/metrics",
    isStatus: true,
    summary: "Shows counters and gauges to Prometheus.",
    query: [],
    answers: [
      {
        ...success(
          "the metrics",
          { mediaType: MediaType.PROMETHEUS, shape: METRICS_TEXT },
          { mediaType: MediaType.OPEN_METRICS, shape: METRICS_TEXT },
        ),
        headers: Object.keys(BY_ACCEPT),
      },
    ],
    handle: ({ accept }, node) => metrics(node, wantedExposition(accept)),
  },
  {
    method: "GET",
    path: "/decode/{id}",
    summary: "Tells time, node and sequence of an id.",
    parameter: ID,
    query: [],
    answers: [success("its parts", jsonBody(DECODED_ID)), refusal(400, "it is not an id")],
    handle: (_, node, idText) => json(decoded(idText, node)),
  },
  {
    method: "GET",
    path: "/healthz",
    summary: "Tells that the process is alive.",
    query: [],
    answers: [success("it is", textBody("alive", /^alive\n$/))],
    handle: () => text(200, "alive"),
  },
  {
    method: "GET",
    path: "/readyz",
    summary: "Tells whether ids are given out.",
    query: [],
    answers: [
      success("they are", textBody("ready", /^ready\n$/)),
      refusal(503, "they are not", ["Retry-After"]),
    ],
    handle: (_, node) => readiness(node),
  },
]

/** What there is, for whoever tries it with curl. */
function index(node: ServedNode): HttpAnswer {
  const shown = ROUTES.filter(({ path }) => path !== "/")
  const lines = textTable(shown.map(({ path, summary }) => [path, summary]))
  const body = `Firn node ${node.status().node}\n\n${lines.join("\n")}\n`
  return { status: 200, mediaType: MediaType.TEXT, body, headers: PAGE_HEADERS }
}

function metrics(node: ServedNode, exposition: Exposition): HttpAnswer {
  const isOpen = exposition === Exposition.OPEN_METRICS
  const mediaType = isOpen ? MediaType.OPEN_METRICS : MediaType.PROMETHEUS
  const body = expositionOf(node.metrics(), exposition)
  return { status: 200, mediaType, body, headers: BY_ACCEPT }
}

/** @throws InputError when it is no id */
function decoded(idText: string, { epochMs }: ServedNode): DecodedId {
  const { time, node, sequence } = decodeId(idText)
  const unixMs = idUnixMs(time, epochMs)
  return { id: idText, time: new Date(unixMs).toISOString(), unixMs, node, sequence }
}

function readiness(node: ServedNode): HttpAnswer {
  const state = node.readiness()
  if (state === READY) return text(200, "ready")
  return text(503, state.reason, retryAfter(state.retryAfterMs))
}
