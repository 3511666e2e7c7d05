import { describe, expect } from "bun:test"
import { RUNTIMES, runClientScript, testUnder } from "../support/client-script.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"

const QUIET = { exitCode: 0, stderr: "" }

describe.each(RUNTIMES)("a process under %s", (runtime) => {
  testUnder(runtime)("gets ids, and ends once its client is closed", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(6))
    const script = `
      const client = new FirnClient({ servers, prefetch: { size: 100 } })
      const ids = [await client.id(), ...(await client.ids(5000)), await client.id({ random: true })]
      console.log(typeof ids[0], new Set(ids).size, client.tryId() !== undefined)
      await client.close()
    `
    const outcome = await runClientScript(runtime, script, [peer.address])
    expect(outcome).toEqual({ ...QUIET, stdout: "bigint 5002 true\n" })
  })

  testUnder(runtime)(
    "ends after close(), whatever its calls and connections were doing",
    async () => {
      using silent = new TcpPeer(
        ANY_ADDRESS,
        checkedAs(1, () => undefined),
      )
      using deaf = new TcpPeer(ANY_ADDRESS, () => undefined)
      await using nobody = new NodeCluster(1)
      const script = `
      const outcomes = []
      let isUp
      const up = new Promise((resolve) => (isUp = resolve))
      const onStateChange = ({ state }) => state === "up" && isUp()
      const client = new FirnClient({
        servers, prefetch: true, connectTimeoutMs: 60_000, onStateChange
      })
      for (const call of [client.id(), client.ids(9000), client.id({ key: "k" }), client.epoch()]) {
        call.catch((error) => outcomes.push(error.code))
      }
      await up
      await client.close({ timeoutMs: 100 })
      await client.id().catch((error) => outcomes.push(error.code))
      console.log(outcomes.filter((code) => code === "CLOSED").length)
    `
      const servers = [silent.address, deaf.address, nobody.addresses[0]!]
      const outcome = await runClientScript(runtime, script, servers)
      // All but epoch(), which the silent server does answer.
      expect(outcome).toEqual({ ...QUIET, stdout: "4\n" })
    },
  )

  testUnder(runtime)("is not ended by calls that fail and that nobody waits for", async () => {
    await using nobody = new NodeCluster(1)
    const script = `
      const client = new FirnClient({ servers, retry: { triesMax: 1 }, inFlightMax: 40 })
      client.id()
      client.ids(9000)
      client.idStrings(10)
      client.idString({ node: 3 })
      client.epoch()
      client.decode(5n)
      client.id({ signal: AbortSignal.timeout(1) })
      client.id({ signal: AbortSignal.abort() })
      client.id({ node: -1 })
      client.ids(-1)
      client.decode("x")
      client.ids(1_000_000)
      client.close({ timeoutMs: -1 })
      await client.id().catch((error) => console.log(error.code))
      await client.close()
      client.id()
      client.epoch()
    `
    const outcome = await runClientScript(runtime, script, [nobody.addresses[0]!])
    expect(outcome).toEqual({ ...QUIET, stdout: "CONNECT_FAILED\n" })
  })

  testUnder(runtime)("ends by itself when no server can be reached and no call waits", async () => {
    await using nobody = new NodeCluster(1)
    const script = `
      const client = new FirnClient({ servers, retry: { triesMax: 2 } })
      await client.id().catch((error) => console.log(error.code, error.tries))
    `
    const outcome = await runClientScript(runtime, script, [nobody.addresses[0]!])
    expect(outcome).toEqual({ ...QUIET, stdout: "CONNECT_FAILED 2\n" })
  })

  testUnder(runtime)(
    "hears what its onStateChange throws, and its calls are answered all the same",
    async () => {
      using peer = new TcpPeer(ANY_ADDRESS, givingIds(6))
      const script = `
      process.on("uncaughtException", (error) => console.log(error.message))
      const onStateChange = ({ state }) => { throw new Error("hook: " + state) }
      const client = new FirnClient({ servers, onStateChange })
      console.log(typeof (await client.id()))
      await client.close()
    `
      const outcome = await runClientScript(runtime, script, [peer.address])
      expect(outcome).toEqual({ ...QUIET, stdout: "hook: connecting\nhook: up\nbigint\n" })
    },
  )

  testUnder(runtime)("is not warned of listeners when one signal serves 1,000 calls", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(6))
    const script = `
      const client = new FirnClient({ servers })
      const { signal } = new AbortController()
      const ids = await Promise.all(Array.from({ length: 1000 }, () => client.id({ signal })))
      console.log(new Set(ids).size)
      await client.close()
    `
    const outcome = await runClientScript(runtime, script, [peer.address])
    expect(outcome).toEqual({ ...QUIET, stdout: "1000\n" })
  })
})
