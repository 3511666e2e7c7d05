import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { decodeId } from "../../protocol/index.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { runFirn } from "../support/firn-process.ts"
import type { Outcome } from "../support/firn-process.ts"
import { RunningCluster } from "../support/running-cluster.ts"
import type { ClusterNode } from "../support/running-cluster.ts"
import { SAMPLE_STATUS } from "../support/sample-status.ts"
import { ANY_ADDRESS, TcpPeer } from "../support/tcp-peer.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

/** What `firn status` prints when a server answers so. */
async function statusOf(answer: () => Response, ...args: string[]): Promise<Outcome> {
  using ports = new FreePorts(1, Math.random)
  const server = Bun.serve({ hostname: "127.0.0.1", port: ports.take(), fetch: answer })
  try {
    const address = `127.0.0.1:${server.port}`
    const outcome = await runFirn(["status", "--server", address, ...args])
    return { ...outcome, stderr: outcome.stderr.replace(address, "ADDRESS") }
  } finally {
    await server.stop(true)
  }
}

test("firn status --json prints what the node said", async () => {
  const { exit, stdout } = await statusOf(() => Response.json(SAMPLE_STATUS), "--json")
  expect([exit, JSON.parse(stdout)]).toEqual([0, SAMPLE_STATUS as never])
})

test("firn status shows the node, what it sees of the others, and what these say", async () => {
  const peers = SAMPLE_STATUS.peers.map((peer, i) => ({ ...peer, address: `127.0.0.1:${i + 1}` }))
  expect(await statusOf(() => Response.json({ ...SAMPLE_STATUS, peers }))).toEqual({
    exit: 0,
    stdout: `\
node          7  (firn 0.1.0, TCP 127.0.0.1:6461, HTTP 127.0.0.1:5461)
epoch         2026-01-01T00:00:00.000Z (1767225600000)
signed until  2095-09-07T15:47:35.552Z  (ids above that need an unsigned 64-bit type)
ids until     2165-05-15T07:35:11.104Z  (138.5 years)
clock lead    3 ms
ready         yes

peer  address      says of itself                      link  skew          round trip
1     127.0.0.1:1  not reached: nothing listens there  up    -0.3 ±1.8 ms  1.5 ms
2     127.0.0.1:2  not reached: nothing listens there  down  -             -           nothing listens there
`,
    stderr: "",
  })
})

test("firn status says why a node that is alone is not ready", async () => {
  const status = { ...SAMPLE_STATUS, unready: "NOT_READY: why", peers: [] }
  const { exit, stdout } = await statusOf(() => Response.json(status))
  expect(exit).toBe(0)
  expect(stdout).toEndWith("\nready         no: NOT_READY: why\n")
})

describe("in a fresh cluster", () => {
  const resources = new AsyncDisposableStack()
  let cluster: RunningCluster
  let first: ClusterNode
  let last: ClusterNode
  beforeAll(async () => {
    const dir = resources.use(new TempDir())
    cluster = resources.use(await RunningCluster.start(dir.path, 3))
    first = cluster.nodes[0]!
    last = cluster.nodes[2]!
  })
  afterAll(() => resources.disposeAsync())

  test.each(["tcp", "http"] as const)("firn status tells of all nodes, by %s", async (port) => {
    const { exit, stdout, stderr } = await runFirn(["status", "--server", first[port]])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
    const lines = stdout.trimEnd().split("\n")
    expect(lines[0]).toContain(`TCP ${first.tcp}, HTTP ${first.http}`)
    for (const { node, tcp } of cluster.nodes.slice(1)) {
      const row = lines.find((line) => line.startsWith(`${node} `))
      expect(row).toMatch(
        new RegExp(`^${node} +${tcp} +ready +(unused|up) +-?[0-9.]+ ±[0-9.]+ ms +`),
      )
    }
  })

  test("several are shown, by any of their ports, with commas or the option again", async () => {
    const servers = ["--server", `${first.tcp},${last.http}`, "--server", last.tcp]
    const { exit, stdout } = await runFirn(["status", ...servers, "--json"])
    expect(exit).toBe(0)
    const nodes = stdout.trimEnd().split("\n")
    expect(nodes.map((line) => (JSON.parse(line) as { node: number }).node)).toEqual([0, 2, 2])
  })

  test("one that cannot be reached is told, and the others are shown", async () => {
    const args = ["status", "--server", "127.0.0.1:1", "--server", last.tcp]
    const { exit, stdout, stderr } = await runFirn(args)
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: "error: cannot reach 127.0.0.1:1: nothing listens there\n",
    })
    expect(stdout).toStartWith("node          2  (firn ")
  })

  test("firn id asks whichever answers, and finds TCP by the HTTP address", async () => {
    const several = await runFirn(["id", "--server", `127.0.0.1:1,${last.tcp}`, "--count", "2"])
    expect(several).toMatchObject({ exit: 0, stderr: "" })
    expect(
      several.stdout
        .trim()
        .split("\n")
        .map((id) => decodeId(id).node),
    ).toEqual([2, 2])
    const byHttp = await runFirn(["id", "--server", first.http, "--json"])
    expect(byHttp).toMatchObject({ exit: 0, stderr: "" })
    expect(decodeId(JSON.parse(byHttp.stdout) as string).node).toBe(0)
  })
})

describe("what does not answer", () => {
  test.each(["status", "id"])("is given up by firn %s after --timeout", async (command) => {
    using silent = new TcpPeer(ANY_ADDRESS, () => undefined)
    const args = [command, "--server", silent.address, "--timeout", "50"]
    const { exit, stdout, stderr } = await runFirn(args)
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
    expect(stderr).toMatch(/^error: [^\n]+ within 50 ms\n$/)
  })

  test("is tried twice at most by firn id: its error is the one of TCP", async () => {
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") })
    const { exit, stderr } = await runFirn(["id", "--server", `127.0.0.1:${server.port}`])
    expect(exit).toBe(1)
    expect(stderr).toMatch(/^error: CONNECT_FAILED: \S+ /)
  })
})

describe("firn status refuses", () => {
  const { epochMs: _, ...withoutEpoch } = SAMPLE_STATUS

  test.each<[string, () => Response, string]>([
    [
      "another answer than 200",
      () => new Response("", { status: 404 }),
      "ADDRESS answered 404: is it a Firn node?",
    ],
    [
      "a page",
      () => new Response("<html>"),
      "ADDRESS answered, but not as a Firn node does: it is not JSON",
    ],
    [
      "other JSON",
      () => Response.json(["a"]),
      "ADDRESS answered, but not as a Firn node does: it is not an object",
    ],
    [
      "a status that lacks something",
      () => Response.json(withoutEpoch),
      "ADDRESS answered, but not as a Firn node does: epochMs is missing",
    ],
  ])("%s", async (_name, answer, message) => {
    expect(await statusOf(answer)).toEqual({ exit: 1, stdout: "", stderr: `error: ${message}\n` })
  })

  test("an address where nobody listens", async () => {
    using ports = new FreePorts(1, Math.random)
    const address = `127.0.0.1:${ports.take()}`
    const { exit, stdout, stderr } = await runFirn(["status", "--server", address])
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toStartWith(`error: cannot reach ${address}: `)
  })
})
