import { expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { decodeId, Op, Status } from "../../protocol/index.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { runFirn } from "../support/firn-process.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { KNOWN, MUTUAL, PEERS_BY_TLS, TRUST, tlsArgs } from "../support/tls-node.ts"

setDefaultTimeout(60_000)

const BY_TLS = [...tlsArgs(), ...PEERS_BY_TLS]

/** Three nodes, of which the last has other options. */
async function startNodes(last: readonly string[], others = BY_TLS): Promise<NodeCluster> {
  const cluster = new NodeCluster(3)
  await cluster.startAll((nodeId) => {
    return ["--peers", peersText(cluster.addresses), ...(nodeId === 2 ? last : others)]
  })
  return cluster
}

test.each([
  ["by their names", BY_TLS, TRUST],
  ["by their names and by certificates of their own", [...BY_TLS, ...MUTUAL], KNOWN],
])("nodes know each other %s", async (_, args, tls) => {
  await using cluster = await startNodes(args, args)
  await using client = new FirnClient({ servers: [cluster.addresses[0]!], tls })
  const ids = await Promise.all([0, 1, 2].map((node) => client.id({ node })))
  expect(ids.map((id) => decodeId(id).node)).toEqual([0, 1, 2])
  const keyed = await Promise.all(
    Array.from({ length: 300 }, (__, i) => client.id({ key: `${i}` })),
  )
  expect(new Set(keyed.map((id) => decodeId(id).node))).toEqual(new Set([0, 1, 2]))
})

test.each([
  [
    "has a certificate for another name",
    [...tlsArgs("other-name"), ...PEERS_BY_TLS],
    /another name/,
  ],
  ["has one that has ended", [...tlsArgs("ended", "server-key"), ...PEERS_BY_TLS], /has ended/],
  ["has one of another authority", [...tlsArgs("self-signed"), ...PEERS_BY_TLS], /self-signed/],
  ["listens without TLS", [], /TLS|closed/],
])("a node is not used that %s", async (_, last, reason) => {
  await using cluster = await startNodes(last)
  using client = await TcpClient.connect(cluster.addresses[0]!, TRUST)
  const answer = await client.ask({ op: Op.NODE, target: 2 })
  expect(answer.status).toBe(Status.NODE_DOWN)
  const random = await client.askAll(Array(50).fill({ op: Op.RANDOM }))
  expect(random.every(({ status }) => status === Status.OK)).toBe(true)
  const line = await cluster.node(0).waitForLog("peer-down")
  expect(line.msg).toMatch(reason)
})

test("firn cluster has TLS too, and what it suggests can be pasted", async () => {
  using dir = new TempDir()
  const ports = ["--tcp-port", "0", "--http-port", "0", "--data-dir", dir.path]
  const refused = await runFirn(["cluster", "--nodes", "2", ...ports, ...tlsArgs()])
  expect([refused.exit, refused.stderr]).toEqual([
    2,
    "error: --tls-cert needs --peer-ca in a cluster: other nodes are reached by TLS as well, and this is how they are known\n",
  ])
})
