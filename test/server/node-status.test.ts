import { describe, expect, test } from "bun:test"
import { version } from "../../package.json"
import { DEFAULT_EPOCH_MS, InputError } from "../../protocol/index.ts"
import { parseNodeStatus, statusOf } from "../../server/node-status.ts"
import { READY } from "../../server/readiness.ts"
import type { Readiness } from "../../server/readiness.ts"
import { SAMPLE_STATUS } from "../support/sample-status.ts"
import { VirtualNode } from "../support/virtual-node.ts"

const { peers: PEERS } = SAMPLE_STATUS
const PORTS = {
  tcpAddress: { host: "127.0.0.1", port: 6_454 },
  httpAddress: { path: "/run/firn-http.sock" },
}
const IDENTITY = { nodeId: 7, epochMs: DEFAULT_EPOCH_MS }

function status(node: VirtualNode, readiness: Readiness = READY): ReturnType<typeof statusOf> {
  const membership = { duplicatesFound: 2, describe: () => PEERS }
  const clockWatch = { doubt: undefined }
  const { generator } = node
  return statusOf({
    ports: PORTS,
    identity: IDENTITY,
    generator,
    membership,
    clockWatch,
    readiness,
  })
}

describe("the status of a node", () => {
  test("has its identity, how its clock stands, and what it sees of the others", () => {
    const node = new VirtualNode()
    const { blocks } = node.takeAll(4_096)
    const years = (2 ** 42 - node.environment.time) / (365.2425 * 86_400_000)
    expect(status(node)).toEqual({
      node: 7,
      version,
      tcp: "127.0.0.1:6454",
      http: "unix:/run/firn-http.sock",
      epoch: "2026-01-01T00:00:00.000Z",
      epochMs: DEFAULT_EPOCH_MS,
      yearsLeft: Number(years.toFixed(1)),
      signedUntil: "2095-09-07T15:47:35.552Z",
      until: "2165-05-15T07:35:11.104Z",
      wallMs: DEFAULT_EPOCH_MS + node.environment.time,
      clockLeadMs: blocks.at(-1)!.time - node.environment.time,
      clockDoubt: null,
      unready: null,
      duplicatesFound: 2,
      certificateEnds: null,
      peers: PEERS,
    })
  })

  test("is that of now", () => {
    const node = new VirtualNode()
    node.takeAll(4_096)
    expect(status(node).clockLeadMs).toBeGreaterThan(0)
    node.environment.advance(1_000)
    expect(status(node).clockLeadMs).toBe(0)
  })

  test("says why the node is not ready", () => {
    expect(status(new VirtualNode(), { reason: "it stops", retryAfterMs: 0 }).unready).toBe(
      "it stops",
    )
  })
})

describe("a status that comes over the network", () => {
  const json = (): Record<string, unknown> => structuredClone({ ...SAMPLE_STATUS })

  test("is read whole", () => {
    expect(parseNodeStatus(json())).toEqual(SAMPLE_STATUS)
    const node = new VirtualNode()
    expect(parseNodeStatus(JSON.parse(JSON.stringify(status(node))))).toEqual(status(node))
  })

  test("may have what a later version has added", () => {
    const [up] = PEERS
    const later = { ...json(), added: 1, peers: [{ ...up, state: "draining", added: 2 }] }
    expect(parseNodeStatus(later)).toEqual({
      ...SAMPLE_STATUS,
      peers: [{ ...up!, state: "draining" }],
    })
  })

  test.each(Object.keys(SAMPLE_STATUS))("may not lack %s", (name) => {
    const { [name]: _, ...rest } = json()
    expect(() => parseNodeStatus(rest)).toThrow(new InputError(`${name} is missing`))
  })

  test.each(Object.keys(PEERS[0]!))("may not lack %s of a peer", (name) => {
    const { [name as "node"]: _, ...rest } = PEERS[1]!
    const lacking = { ...json(), peers: [PEERS[0], rest] }
    expect(() => parseNodeStatus(lacking)).toThrow(new InputError(`peers[1].${name} is missing`))
  })

  test.each<[unknown, string]>([
    [null, "it is not an object"],
    ["ready", "it is not an object"],
    [[SAMPLE_STATUS], "it is not an object"],
    [{ ...SAMPLE_STATUS, node: "7" }, "node is not a whole number"],
    [{ ...SAMPLE_STATUS, node: 7.5 }, "node is not a whole number"],
    [{ ...SAMPLE_STATUS, yearsLeft: null }, "yearsLeft is not a number"],
    [{ ...SAMPLE_STATUS, unready: false }, "unready is not a string"],
    [{ ...SAMPLE_STATUS, peers: {} }, "peers is not a list"],
    [{ ...SAMPLE_STATUS, peers: [7] }, "peers[0] is not an object"],
    [
      { ...SAMPLE_STATUS, peers: [{ ...PEERS[0], skewMs: "1" }] },
      "peers[0].skewMs is not a number",
    ],
  ])("is refused with what is wrong: %j", (value, message) => {
    expect(() => parseNodeStatus(value)).toThrow(new InputError(message))
  })
})
