import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Status } from "../../../../protocol/index.ts"
import { MediaType } from "../../../../server/transport/http/answers.ts"
import type { AnswerType, Route, ServedNode } from "../../../../server/transport/http/route.ts"
import { ALL_ROUTES } from "../../../../server/transport/http/openapi.ts"
import { COMMON_ANSWERS } from "../../../../server/transport/http/routes.ts"
import { ClusterServer } from "../../../support/cluster-server.ts"
import { HttpClient } from "../../../support/http-request.ts"
import type { HttpResponse } from "../../../support/http-request.ts"
import { MemoryStore } from "../../../support/memory-store.ts"
import { ROOT } from "../../../support/paths.ts"
import { VirtualEnvironment } from "../../../support/virtual-environment.ts"
import { VirtualNode } from "../../../support/virtual-node.ts"

interface Case {
  readonly target: string
  readonly accept?: string
  readonly method?: string
  /** What node 2 answers. */
  readonly peerStatus?: Status
  readonly isClockBehind?: boolean
  /** What the node tells of itself, if it matters. */
  readonly told?: Partial<ServedNode>
}

const UNREADY: Partial<ServedNode> = {
  readiness: () => ({ reason: "NOT_READY: why", retryAfterMs: 1 }),
}
const CROWDED: Partial<ServedNode> = {
  events: { first: () => new Uint8Array(0), add: () => false, remove: () => {} },
}
const BROKEN: Partial<ServedNode> = {
  status() {
    throw new Error("a mistake")
  },
}

const ASKED: readonly Case[] = [
  ...["/lunique", "/dunique", "/dunique?target=random", "/dunique?key=8"].flatMap((target) => {
    const several = `${target}${target.includes("?") ? "&" : "?"}n=3`
    const asText = [{ target }, { target: several }]
    return [...asText, ...asText.map((one) => ({ ...one, accept: MediaType.JSON }))]
  }),
  { target: "/lunique?n=0" },
  { target: "/lunique", isClockBehind: true },
  { target: "/dunique?target=" },
  { target: "/dunique?target=9" },
  { target: "/dunique?target=2", peerStatus: Status.WRONG_NODE },
  { target: "/dunique?target=2", peerStatus: Status.OVERLOADED },
  { target: "/dunique?target=2", peerStatus: Status.TIMEOUT },
  { target: "/" },
  { target: "/", accept: MediaType.HTML },
  { target: "/events" },
  { target: "/events", told: CROWDED },
  { target: "/nodes" },
  { target: "/nodes", told: BROKEN },
  { target: "/nodes.csv" },
  { target: "/openapi.json" },
  { target: "/metrics" },
  { target: "/metrics", accept: "application/openmetrics-text" },
  { target: "/decode/83901585456918570" },
  { target: "/decode/x" },
  { target: "/healthz" },
  { target: "/readyz" },
  { target: "/readyz", told: UNREADY },
  ...ALL_ROUTES.map(({ path }) => ({ target: path, method: "POST" })),
]

/** Together they get every answer that the table declares: each error is asked for as text and as JSON. */
const CASES: readonly Case[] = [
  ...ASKED,
  ...ASKED.filter(({ accept }) => accept === undefined).map((one) => {
    return { ...one, accept: MediaType.JSON }
  }),
]

function server(isClockBehind = false): ClusterServer {
  const environment = new VirtualEnvironment()
  const store = new MemoryStore(environment, isClockBehind ? environment.time + 60_000 : 0)
  const started = new ClusterServer([1, 2, 3], 1, new VirtualNode({ environment, store }))
  if (!isClockBehind) started.connect()
  return started
}

function answerTo(asked: Case): HttpResponse & { mediaType: MediaType } {
  const { target, method = "GET", accept = "*/*", peerStatus, isClockBehind, told } = asked
  const cluster = server(isClockBehind)
  if (peerStatus !== undefined) {
    cluster.fake(2).behaviour = () => ({ status: peerStatus, value: 2n })
  }
  const client = new HttpClient(cluster, told)
  client.send(`${method} ${target} HTTP/1.1\r\nHost: firn\r\nAccept: ${accept}\r\n\r\n`)
  cluster.environment.advance(20)
  const [response] = client.received() as [HttpResponse]
  const mediaType = response.headers["content-type"]!.replace(";charset=utf-8", "") as MediaType
  return { ...response, mediaType }
}

function routeOf({ target }: Case): Route {
  const [path] = target.split("?")
  const found = ALL_ROUTES.find((route) => path === route.path || isOf(route, path!))
  if (found === undefined) throw new Error(`${target} is of no route`)
  return found
}

function isOf({ path, parameter }: Route, asked: string): boolean {
  return parameter !== undefined && asked.startsWith(path.replace(`{${parameter.name}}`, ""))
}

/** The answers that it may give, each as `/path 200 text/plain`. */
function kindsOf({ path, answers }: Route): string[] {
  return answers.flatMap(({ status, bodies }) =>
    bodies.map(({ mediaType }) => `${path} ${status} ${mediaType}`),
  )
}

/** Why the body has none of the shapes that are declared; none when it has one of them. */
function misfits(
  { mediaType, body }: ReturnType<typeof answerTo>,
  { bodies }: AnswerType,
): string[] {
  const value: unknown = mediaType.endsWith("json") ? JSON.parse(body) : body
  const reasons: string[] = []
  for (const { mediaType: declared, shape } of bodies) {
    if (declared !== mediaType) {
      reasons.push(`it is not ${declared}`)
      continue
    }
    try {
      shape.read(value, "")
      return []
    } catch (error) {
      reasons.push((error as Error).message)
    }
  }
  return reasons
}

describe("the table of routes", () => {
  test("has the paths of the table of HTTP in README.md, and no others", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8")
    const section = /\n## HTTP\n([^]*?)\n## /.exec(readme)?.[1] ?? ""
    const rows = section.matchAll(/^\| `([A-Z]+) (\/[^?` ]*)/gm)
    const told = Array.from(rows, ([, method, path]) => {
      return `${method} ${path!.replaceAll(/<(\w+)>/g, "{$1}")}`
    })
    const served = ALL_ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(told)).toEqual(new Set(served))
  })

  test("has no path twice with one method", () => {
    const served = ALL_ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(served).size).toBe(served.length)
  })

  test("describes the parameter of every path that has one, which stands at its end", () => {
    for (const { path, parameter } of ALL_ROUTES) {
      const [, name] = /\/\{(\w+)\}$/.exec(path) ?? []
      expect({ path, name: parameter?.name }).toEqual({ path, name })
      expect(path).toMatch(/^\/(?:[a-z]+(?:\.[a-z]+)?(?:\/\{\w+\})?)?$/)
    }
  })

  test("says of each route in one sentence what it does", () => {
    for (const { summary } of ALL_ROUTES) expect(summary).toMatch(/^[A-Z][^.]+\.$/)
  })
})

describe("an answer is one that its route declares", () => {
  test.each(CASES)("%j", (asked) => {
    const answer = answerTo(asked)
    const declared = [...routeOf(asked).answers, ...COMMON_ANSWERS].find(
      ({ status }) => status === answer.status,
    )
    const special = declared?.headers.map((name) => name.toLowerCase()) ?? []
    const isStream = answer.mediaType === MediaType.EVENTS
    expect(Object.keys(answer.headers)).toEqual([
      "date",
      "content-type",
      "cache-control",
      ...(isStream ? ["connection"] : [...special, "content-length"]),
    ])
    expect(misfits(answer, declared!)).toEqual([])
  })

  test("and every answer that is declared is given", () => {
    const given = CASES.map((asked) => {
      const { status, mediaType } = answerTo(asked)
      return `${routeOf(asked).path} ${status} ${mediaType}`
    })
    const common = ALL_ROUTES.flatMap(({ path }) => [`${path} 405`, "/nodes 500"])
    const declared = [
      ...ALL_ROUTES.flatMap(kindsOf),
      ...common.map((kind) => `${kind} ${MediaType.TEXT}`),
      ...common.map((kind) => `${kind} ${MediaType.PROBLEM}`),
    ]
    expect(new Set(given)).toEqual(new Set(declared))
  })
})
