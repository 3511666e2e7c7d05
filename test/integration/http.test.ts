import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { Status, decodeId } from "../../protocol/index.ts"
import { run } from "../support/command.ts"
import { within } from "../support/deadline.ts"
import { runFirn } from "../support/firn-process.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { shareNode } from "../support/shared-node.ts"
import { expectIncreasing } from "../support/ids.ts"
import { TcpClient, requests, splitAddress } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

const NODE_ID = 7
const JSON_WANTED = { headers: { accept: "application/json" } }

let node: RunningNode
shareNode(NODE_ID, (started) => (node = started))

async function get(path: string, init: RequestInit = {}): Promise<Response> {
  return await within(path, fetch(`http://${node.http}${path}`, init))
}

function expectBlock(ids: readonly string[], count: number): void {
  expect(ids).toHaveLength(count)
  for (const id of ids) expect(id).toMatch(/^[0-9]+$/)
  expectIncreasing(ids.map(BigInt))
  expect(new Set(ids.map((id) => decodeId(id).node))).toEqual(new Set([NODE_ID]))
}

describe.each(["/lunique", "/dunique", "/dunique?target=random"])("%s", (path) => {
  const withCount = (n: string): string => `${path}${path.includes("?") ? "&" : "?"}n=${n}`

  test("gives one id as a line of text", async () => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toStartWith("text/plain")
    const text = await response.text()
    expect(text).toEndWith("\n")
    expectBlock([text.trimEnd()], 1)
  })

  test.each([1, 2, 4_096])("gives %d ids one a line", async (n) => {
    const response = await get(withCount(`${n}`))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toEndWith("\n")
    expectBlock(text.trimEnd().split("\n"), n)
  })

  test("gives JSON with ids as strings to who accepts it", async () => {
    const response = await get(path, JSON_WANTED)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toStartWith("application/json")
    const { id, ...rest } = (await response.json()) as { id: string }
    expectBlock([id], 1)
    expect(rest).toEqual({})
  })

  test.each([1, 2, 4_096])("gives JSON with a list of %d ids", async (n) => {
    const body = (await (await get(withCount(`${n}`), JSON_WANTED)).json()) as { ids: string[] }
    expect(Object.keys(body)).toEqual(["ids"])
    expectBlock(body.ids, n)
  })

  test("prefers text for a browser, which accepts anything", async () => {
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    const response = await get(path, { headers: { accept } })
    expect(response.headers.get("content-type")).toStartWith("text/plain")
  })

  test.each(["0", "4097", "-1", "x", "", "1e3", "1.5", "99999", "%00"])(
    "refuses n=%s with one sentence",
    async (n) => {
      const response = await get(withCount(n))
      expect(response.status).toBe(400)
      expect(await response.text()).toMatch(/^n ".*" is not a whole number from 1 to 4096\n$/)
    },
  )
})

test("/dunique without a cluster answers for every key, and knows no other node", async () => {
  for (const query of ["target=key:x", "key=8"]) {
    expect((await get(`/dunique?${query}`)).status).toBe(200)
  }
  const unknown = await get("/dunique?target=8")
  expect(unknown.status).toBe(404)
  expect(await unknown.text()).toBe("UNKNOWN_NODE: node 8 is not in this cluster\n")
  for (const query of [
    "target=",
    "key=",
    "target=1&key=a",
    "target=1234567890",
    "count=3",
    "n=1&n=2",
  ]) {
    const response = await get(`/dunique?${query}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/^[^\n]+\n$/)
  }
})

describe("/decode", () => {
  test("tells time, node and sequence of an id as JSON", async () => {
    const response = await get("/decode/83901585456918570")
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toStartWith("application/json")
    expect(await response.json()).toMatchObject({
      time: "2026-08-20T12:34:56.789Z",
      node: 7,
      sequence: 42,
    })
  })

  test("knows the largest id", async () => {
    const response = await get("/decode/18446744073709551615")
    expect(await response.json()).toMatchObject({ node: 1_023, sequence: 4_095 })
  })

  test.each(["", "x", "-1", "18446744073709551616", "1.5", "1/2"])("refuses %p", async (id) => {
    const response = await get(`/decode/${id}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/^".*" is not an id: [^\n]+\n$/)
  })
})

test("/healthz and /readyz are 200 on a node that serves", async () => {
  expect((await get("/healthz")).status).toBe(200)
  expect((await get("/readyz")).status).toBe(200)
})

test.each(["/nope", "/lunique/", "/LUNIQUE", "/decode", "/x//lunique", "/healthz/x"])(
  "%s is not found",
  async (path) => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(await response.text()).toBe("not found\n")
  },
)

test.each(["POST", "PUT", "DELETE", "PATCH"])(
  "%s is not allowed, and what is allowed is named",
  async (method) => {
    for (const path of ["/lunique", "/dunique", "/decode/1", "/healthz", "/readyz"]) {
      const response = await get(path, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS")
    }
  },
)

test("ids asked for by many at a time are all distinct", async () => {
  const bodies = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => (await get(`/lunique?n=${1 + (i % 50)}`)).text()),
  )
  const ids = bodies.flatMap((body) => body.trimEnd().split("\n"))
  expect(new Set(ids).size).toBe(ids.length)
})

describe("curl", () => {
  const withCurl = testWith("curl")

  withCurl("gets ids over one connection that is kept", async () => {
    const url = `http://${node.http}/lunique`
    const { exitCode, stdout } = await run(["curl", "-sS", url, `${url}?n=2`, url])
    expect(exitCode).toBe(0)
    expectBlock(stdout.trimEnd().split("\n"), 4)
  })

  withCurl("sees status and headers of an error", async () => {
    const { stdout } = await run(["curl", "-sSi", "-X", "POST", `http://${node.http}/lunique`])
    expect(stdout).toMatch(/^HTTP\/1\.1 405 /)
    expect(stdout).toMatch(/\r\nallow: GET, HEAD, OPTIONS\r\n/i)
  })

  withCurl("sees the headers of a HEAD, and methods of an OPTIONS", async () => {
    const url = `http://${node.http}/lunique`
    const head = await run(["curl", "-sS", "--head", url, "--next", "-sS", url])
    expect(head.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: [^]+\r\n\r\n[0-9]+\n$/)
    const options = await run(["curl", "-sSi", "-X", "OPTIONS", url])
    expect(options.stdout).toMatch(/^HTTP\/1\.1 204 [^]+\r\nAllow: GET, HEAD, OPTIONS\r\n\r\n$/)
  })

  withCurl("is told that a body is refused, however large it is and however it comes", async () => {
    const url = `http://${node.http}/lunique`
    const data = "x".repeat(5_000_000)
    for (const [how, statuses] of [
      [["-H", "Expect:"], /^413$/],
      [["-H", "Expect: 100-continue"], /^(?:417)?413$|^417$/],
      [["-H", "Transfer-Encoding: chunked", "-H", "Expect:"], /^501$/],
    ] as const) {
      const command = [
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--data-binary",
        "@-",
      ]
      expect((await run([...command, ...how, url], data)).stdout).toMatch(statuses)
    }
  })

  withCurl("gets no id for a path that only looks like one", async () => {
    const { stdout } = await run(["curl", "-sS", "--path-as-is", `http://${node.http}//lunique`])
    expect(stdout).toBe("not found\n")
  })

  withCurl("gets an answer as a health check does, over HTTP/1.0 and without a Host", async () => {
    for (const [path, body] of [
      ["/healthz", "alive\n"],
      ["/readyz?from=proxy", "ready\n"],
    ]) {
      const url = `http://${node.http}${path}`
      const { stdout } = await run(["curl", "-sS", "--http1.0", "-H", "Host:", url])
      expect(stdout).toBe(body!)
    }
  })
})

testWith("nc")("what is no HTTP gets a 400, and the node goes on", async () => {
  const { hostname, port } = splitAddress(node.http)
  for (const input of [
    "lunique\r\n\r\n",
    requests([{}]),
    "\x16\x03\x01\x02",
    "GET / HTTP/1.1\r\n",
  ]) {
    const { stdout } = await run(["nc", "-N", hostname, `${port}`], input)
    expect(stdout).toStartWith("HTTP/1.1 400 ")
  }
  expect((await get("/healthz")).status).toBe(200)
})

testWith("curl")(
  "a page that posts lines to the TCP port has none of them carried out",
  async () => {
    const url = `http://${node.tcp}/`
    const { stdout } = await run(["curl", "-sS", "--data-binary", "\nlunique 3\nhelp\n", url])
    expect(stdout).toBe(`this port is not for HTTP: that is at ${node.http}\n`)
  },
)

test("a second node on the same port is refused", async () => {
  using dir = new TempDir()
  const ports = ["--tcp", "127.0.0.1:0", "--http", node.http]
  const { exit, stderr } = await runFirn([
    "start",
    "--node-id",
    "8",
    "--data-dir",
    dir.path,
    ...ports,
  ])
  expect([exit, stderr]).toEqual([
    1,
    expect.stringContaining(`cannot listen for HTTP on ${node.http}: it is in use`),
  ])
})

test("clients that pipeline and do not read hold nobody up", async () => {
  const request = `GET /lunique HTTP/1.1\r\nHost: firn\r\n\r\n`
  const input = Buffer.from(request.repeat(2_000))
  using clients = new DisposableStack()
  for (let i = 0; i < 100; i++) {
    const client = clients.use(await TcpClient.connect(node.http))
    client.pause()
    void client.send(input)
  }
  using other = await TcpClient.connect(node.tcp)
  for (let i = 0; i < 20; i++) {
    expect((await within("an id", other.ask(), 2_000)).status).toBe(Status.OK)
    expect((await within("/readyz", get("/readyz"), 2_000)).status).toBe(200)
  }
})
