import { describe, expect } from "bun:test"
import { RUNTIMES, runClientScript, testUnder } from "../support/client-script.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"

/** What a process would have to wait for that its client keeps alive: longer than a test takes. */
const LONG = "requestTimeoutMs: 600_000"

describe.each(RUNTIMES)("after unref(), a process under %s", (runtime) => {
  testUnder(runtime)("ends while its client is open", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const script = `
      for (const prefetch of [false, { ttlMs: 60_000 }]) {
        const client = new FirnClient({ servers, prefetch, ${LONG} }).unref()
        console.log(typeof (await client.id()), typeof (await client.id({ random: true })))
      }
    `
    const outcome = await runClientScript(runtime, script, [peer.address])
    const stdout = "bigint bigint\n".repeat(2)
    expect(outcome).toEqual({ exitCode: 0, stderr: "", stdout })
  })

  testUnder(runtime)("does so as well when connections were open before it", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const script = `
      const client = new FirnClient({ servers, ${LONG} })
      console.log(typeof (await client.id()))
      client.ref().unref()
    `
    const outcome = await runClientScript(runtime, script, [peer.address])
    expect(outcome).toEqual({ exitCode: 0, stderr: "", stdout: "bigint\n" })
  })

  testUnder(runtime)("still waits for calls in flight, wherever these wait", async () => {
    using slow = new TcpPeer(
      ANY_ADDRESS,
      checkedAs(1, () => undefined),
    )
    using deaf = new TcpPeer(ANY_ADDRESS, () => undefined)
    await using nobody = new NodeCluster(1)
    const script = `
      for (const server of servers) {
        const client = new FirnClient({ servers: [server] }).unref()
        client.id({ timeoutMs: 300 }).catch((error) => console.log(error.code))
      }
    `
    const servers = [slow.address, deaf.address, nobody.addresses[0]!]
    const outcome = await runClientScript(runtime, script, servers)
    expect(outcome).toEqual({ exitCode: 0, stderr: "", stdout: "TIMEOUT\n".repeat(3) })
  })

  testUnder(runtime)("does not end when ref() has taken it back", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const script = `
      const client = new FirnClient({ servers }).unref()
      await client.id()
      client.ref()
      setTimeout(() => { console.log("alive"); void client.close() }, 100).unref()
    `
    const outcome = await runClientScript(runtime, script, [peer.address])
    expect(outcome).toEqual({ exitCode: 0, stderr: "", stdout: "alive\n" })
  })
})
