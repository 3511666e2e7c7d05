import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { nodeOfId } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { RUNTIMES, runClientScript, testUnder } from "../support/client-script.ts"
import { testAllowed } from "../support/privileges.ts"
import { splitAddress } from "../support/tcp-client.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"
import { TempDir } from "../support/temp-dir.ts"

const HOSTS = "127.0.0.8 firn.test\n127.0.0.9 firn.test\n"

/** The port of a peer, at the name of the hosts file. */
function nameOf({ address }: TcpPeer): string {
  return `firn.test:${splitAddress(address).port}`
}

/** Gets ids in each way of one server after the other. */
const SCRIPT = `
  for (const server of servers) {
    const client = new FirnClient({ servers: [server], retry: { triesMax: 1 } })
    const ids = [await client.id(), await client.id({ key: "k" }), ...(await client.ids(5_000))]
    console.log(new Set(ids).size)
    await client.close()
  }
`
const SERVED = { exitCode: 0, stdout: "5002\n", stderr: "" }

describe.each(RUNTIMES)("under %s", (runtime) => {
  const mounting = testAllowed("mounts", ...(runtime === "node" ? (["node"] as const) : []))

  mounting("a name leads to the address that lives", async () => {
    // Which address of the two is the first is up to the system. For one of these it is dead.
    using one = new TcpPeer("127.0.0.8:0", givingIds(1))
    using other = new TcpPeer("127.0.0.9:0", givingIds(1))
    const servers = [one, other].map(nameOf)
    const outcome = await runClientScript(runtime, SCRIPT, servers, HOSTS)
    expect(outcome).toEqual({ ...SERVED, stdout: SERVED.stdout.repeat(2) })
    expect([one.connections, other.connections]).toEqual([2, 2])
  })

  mounting("a name of which no address lives is dead", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const server = nameOf(peer)
    const script = `
      const client = new FirnClient({ servers, retry: { triesMax: 1 } })
      await client.id().catch(({ message }) => console.log(message))
      await client.close()
    `
    expect(await runClientScript(runtime, script, [server], HOSTS)).toEqual({
      exitCode: 0,
      stdout: `CONNECT_FAILED: ${server}: nothing listens there\n`,
      stderr: "",
    })
  })

  testUnder(runtime)("a unix socket is a server as well", async () => {
    using dir = new TempDir()
    using peer = new TcpPeer(`unix:${dir.at("firn.sock")}`, givingIds(1))
    expect(await runClientScript(runtime, SCRIPT, [peer.address])).toEqual(SERVED)
  })
})

test("unix sockets and ports are mixed as one likes", async () => {
  using dir = new TempDir()
  const path = dir.at("firn.sock")
  using unix = new TcpPeer(`unix:${path}`, givingIds(1))
  using tcp = new TcpPeer(ANY_ADDRESS, givingIds(2))
  await using client = new FirnClient({ servers: [unix.address, tcp.address] })
  const nodes = new Set<number>()
  while (nodes.size < 2) nodes.add(nodeOfId(await client.id()))
  expect([unix.connections, tcp.connections]).toEqual([1, 1])
})

test("a unix socket that is not there is told", async () => {
  using dir = new TempDir()
  const server = `unix:${dir.at("nothing.sock")}`
  await using client = new FirnClient({ servers: [server], retry: { triesMax: 1 } })
  const error = await failureOf(client.id())
  expect(error.message).toBe(`CONNECT_FAILED: ${server}: there is no such socket`)
  expect(error).toMatchObject({ server, tries: 1 })
})

testAllowed("IPv6")("an IPv6 address in brackets is a server as well", async () => {
  using peer = new TcpPeer("::1:0", givingIds(1))
  await using client = new FirnClient({ servers: [`[::1]:${splitAddress(peer.address).port}`] })
  expect((await client.ids(5_000)).length).toBe(5_000)
})

test("a name that nobody knows is told", async () => {
  // One that no DNS server has to be asked for.
  const server = "no..such..name:6454"
  await using client = new FirnClient({ servers: [server], retry: { triesMax: 1 } })
  const error = await failureOf(client.id())
  expect(error.message).toBe(`CONNECT_FAILED: ${server}: the name is not known`)
})
