import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { decodeId, keyHash } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { run } from "../support/command.ts"
import { askUntil, within } from "../support/deadline.ts"

import { expectIncreasing } from "../support/ids.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { parseResponses } from "../support/http-request.ts"
import { splitAddress } from "../support/tcp-client.ts"
import { TcpPeer, mutedAs } from "../support/tcp-peer.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

const LIVE = [0, 1, 2]
/** Listed, but nothing listens there. */
const DOWN = 3
/** Listed; never answers a request for ids. For a while after one it is taken for down. */
const MUTE = 4
const TIMEOUT_MS = 400

/** Keys that look like numbers, and others, that nodes 0, 1 and 2 own in turn. */
const KEYS = LIVE.flatMap((node) => [keyOwnedBy(node, ""), keyOwnedBy(node, "user:")])

const started = new AsyncDisposableStack()
let cluster: NodeCluster

beforeAll(async () => {
  cluster = started.use(new NodeCluster(LIVE.length))
  const [down, mute] = [cluster.freeAddress(), cluster.freeAddress()]
  started.use(new TcpPeer(mute, mutedAs(MUTE)))
  const peers = peersText([...cluster.addresses, down, mute])
  const args = ["--peers", peers, "--forward-timeout", `${TIMEOUT_MS}`]
  await cluster.startAll(() => args)
  // A node is found to be down by asking it; from then on it owns no key.
  await Promise.all(LIVE.map((node) => get(node, `/dunique?target=${DOWN}`)))
})

afterAll(() => started.disposeAsync())

/** A key that this node owns among all nodes but the one that is down. */
function keyOwnedBy(nodeId: number, prefix: string): string {
  const nodeIds = [...LIVE, MUTE]
  for (let i = 0; ; i++) {
    const key = `${prefix}${i}`
    if (rendezvousOwner(keyHash(key), nodeIds) === nodeId) return key
  }
}

const withNc = testWith("nc")

async function get(node: number, path: string): Promise<{ status: number; body: string }> {
  const response = await within(path, fetch(`http://${cluster.node(node).http}${path}`))
  return { status: response.status, body: await response.text() }
}

/** The node that all these lines are ids of, a block in order. */
function nodeOf(lines: string): number {
  expect(lines).toMatch(/^([0-9]+\n)+$/)
  const ids = lines.trim().split("\n").map(BigInt)
  expectIncreasing(ids)
  expect(ids.at(-1)).toBe(ids[0]! + BigInt(ids.length - 1))
  return decodeId(ids[0]!).node
}

describe("over HTTP", () => {
  test("no target is the node itself", async () => {
    for (const node of LIVE) {
      const { status, body } = await get(node, "/dunique")
      expect([status, nodeOf(body)]).toEqual([200, node])
    }
  })

  test("a number is the node with that id", async () => {
    for (const node of LIVE) {
      for (const target of LIVE) {
        const { status, body } = await get(node, `/dunique?target=${target}`)
        expect([status, nodeOf(body)]).toEqual([200, target])
      }
    }
  })

  test("random is any node that answers", async () => {
    const bodies = await Promise.all(
      Array.from({ length: 60 }, async () => (await get(0, "/dunique?target=random")).body),
    )
    expect(new Set(bodies.map(nodeOf))).toEqual(new Set(LIVE))
    expect(new Set(bodies).size).toBe(bodies.length)
  })

  withNc("a client that half-closes behind its request gets its answer, every time", async () => {
    const { hostname, port } = splitAddress(cluster.node(0).http)
    for (let i = 0; i < 20; i++) {
      const input = `GET /dunique?target=${1 + (i % 2)} HTTP/1.1\r\nHost: firn\r\n\r\n`
      const { stdout } = await run(["nc", "-N", hostname, `${port}`], input.repeat(2))
      const bodies = parseResponses(stdout).map(({ body }) => nodeOf(body))
      expect(bodies).toEqual([1 + (i % 2), 1 + (i % 2)])
    }
  })

  test("key:TEXT is a key, and so is key=", async () => {
    for (const node of LIVE) {
      for (const [i, key] of KEYS.entries()) {
        const owner = LIVE[Math.floor(i / 2)]!
        for (const path of [`/dunique?key=${key}`, `/dunique?target=key:${key}`]) {
          const { status, body } = await get(node, path)
          expect([status, nodeOf(body)]).toEqual([200, owner])
        }
      }
    }
  })

  test("n is a block of one node", async () => {
    for (const target of ["target=random", "target=2", `key=${KEYS[0]}`]) {
      for (const n of [1, 2, 4_096]) {
        const { status, body } = await get(1, `/dunique?${target}&n=${n}`)
        expect([status, body.split("\n").length - 1]).toEqual([200, n])
        nodeOf(body)
      }
    }
  })

  test("a node that is not listed is 404", async () => {
    for (const target of [5, 1_023, 1_024, 999_999_999]) {
      expect(await get(0, `/dunique?target=${target}`)).toEqual({
        status: 404,
        body: `UNKNOWN_NODE: node ${target} is not in this cluster\n`,
      })
    }
  })

  test("a bad target is 400 with one sentence", async () => {
    for (const query of [
      "target=",
      "key=",
      "target=1&key=x",
      "target=1234567890",
      "target=1&n=0",
      "target=random&n=4097",
    ]) {
      const { status, body } = await get(0, `/dunique?${query}`)
      expect(status).toBe(400)
      expect(body).toMatch(/^[^\n]+\n$/)
    }
  })

  test("a node that is down is 503", async () => {
    for (const node of LIVE) {
      expect(await get(node, `/dunique?target=${DOWN}`)).toEqual({
        status: 503,
        body: `NODE_DOWN: node ${DOWN} cannot be reached\n`,
      })
    }
  })

  test("a node that does not answer in time is 503 Service Unavailable - Timeout", async () => {
    let startMs = 0
    const ask = async (): ReturnType<typeof get> => {
      startMs = performance.now()
      return await get(0, `/dunique?target=${MUTE}`)
    }
    const isInTime = ({ body }: { body: string }): boolean => !body.startsWith("NODE_DOWN")
    expect(await askUntil("a link to the silent node", ask, isInTime)).toEqual({
      status: 503,
      body: "Service Unavailable - Timeout\n",
    })
    expect(performance.now() - startMs).toBeWithin(TIMEOUT_MS - 50, TIMEOUT_MS + 1_000)
  })
})

describe("over text lines, with nc,", () => {
  async function netcat(node: number, input: string): Promise<string> {
    const { hostname, port } = splitAddress(cluster.addresses[node]!)
    const { exitCode, stdout } = await run(["nc", "-N", hostname, `${port}`], input)
    expect(exitCode).toBe(0)
    return stdout
  }

  withNc("each kind of target is answered by the node it names", async () => {
    for (const node of LIVE) {
      expect(nodeOf(await netcat(node, "lunique\n"))).toBe(node)
      expect(nodeOf(await netcat(node, "dunique\n"))).toBe(node)
      for (const target of LIVE) {
        expect(nodeOf(await netcat(node, `dunique node ${target}\n`))).toBe(target)
        for (const key of [KEYS[target * 2]!, KEYS[target * 2 + 1]!]) {
          expect(nodeOf(await netcat(node, `dunique key ${key}\n`))).toBe(target)
        }
      }
    }
  })

  withNc("random reaches all nodes that answer", async () => {
    const lines = (await netcat(0, "dunique random\n".repeat(60))).trimEnd().split("\n")
    expect(lines).toHaveLength(60)
    expect(new Set(lines.map((line) => nodeOf(`${line}\n`)))).toEqual(new Set(LIVE))
  })

  withNc("a count is a block, with or without a line ending after it", async () => {
    for (const line of ["dunique random 4096", "dunique node 2 4096", "dunique key x 4096"]) {
      for (const ending of ["\n", "\r\n", ""]) {
        const block = await netcat(1, line + ending)
        expect(block.split("\n")).toHaveLength(4_097)
        nodeOf(block)
      }
    }
  })

  withNc("the answers of several nodes come in the order of the lines", async () => {
    const targets = Array.from({ length: 50 }, (_, i) => LIVE[(i * 7) % 3]!)
    const input = targets.map((target) => `dunique node ${target}\nnonsense\n`).join("")
    const lines = (await netcat(0, input)).trimEnd().split("\n")
    const seen = lines.map((line) => (/^[0-9]+$/.test(line) ? nodeOf(`${line}\n`) : line))
    const unknown = 'ERR BAD_REQUEST unknown command "nonsense"; try help'
    expect(seen).toEqual(targets.flatMap((target) => [target, unknown]))
  })

  withNc("a node that is unknown, down or silent is named in one line", async () => {
    const answer = await netcat(0, `dunique node 5\ndunique node ${DOWN}\n`)
    const unknown = "ERR UNKNOWN_NODE node 5 is not in this cluster\n"
    expect(answer).toBe(`${unknown}ERR NODE_DOWN node ${DOWN} cannot be reached\n`)
    const ask = (): Promise<string> => netcat(0, `dunique node ${MUTE}\n`)
    const isInTime = (line: string): boolean => !line.startsWith("ERR NODE_DOWN")
    const timeout = await askUntil("a link to the silent node", ask, isInTime)
    expect(timeout).toMatch(/^ERR TIMEOUT no answer within [0-9]+ ms\n$/)
  })
})
