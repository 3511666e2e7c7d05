import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test"
import { InstalledClient } from "../support/installed-client.ts"
import { run } from "../support/command.ts"
import { isToolThere, testWith } from "../support/tools.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"

setDefaultTimeout(60_000)

/** Node's own fake timers, in plain JavaScript: time stands still, unless it is moved. */
const PRELUDE = `
import { mock } from "node:test"
import { FirnClient, FirnError } from "firn-client"
import { TestServer, createTestClient } from "firn-client/testing"
const apis = ["setTimeout", "setInterval", "setImmediate", "Date"]
mock.timers.enable({ apis, now: Date.UTC(2026, 6, 1) })
/** Moves the time, and lets what waits go on at each step. */
async function pass(ms) {
  for (let passed = 0; passed < ms; passed += 10) {
    mock.timers.tick(10)
    for (let i = 0; i < 10; i++) await null
  }
}
`

let client: InstalledClient
beforeAll(async () => {
  if (isToolThere("node")) client = await InstalledClient.create()
})
afterAll(() => client?.[Symbol.dispose]())

async function expectPrints(script: string, args: readonly string[], lines: string): Promise<void> {
  const path = client.write("script.mjs", PRELUDE + script)
  const { exitCode, stdout, stderr } = await run(["node", "--no-warnings", path, ...args])
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: lines, stderr: "" })
}

describe("with fake timers", () => {
  testWith("node")("a client for tests gives ids, by the time that stands still", async () => {
    const script = `
      const client = createTestClient()
      const { date, sequence } = await client.decode(await client.id())
      console.log(date.toISOString(), sequence)
      await pass(1000)
      console.log((await client.decode(await client.id())).date.toISOString())
      await client.close()
    `
    const lines = "2026-07-01T00:00:00.000Z 0\n2026-07-01T00:00:01.000Z\n"
    await expectPrints(script, [], lines)
  })

  testWith("node")("its calls time out when the time is moved, and not before", async () => {
    const script = `
      const server = new TestServer()
      const client = createTestClient({ servers: server })
      server.hang()
      let code = "none"
      client.id({ timeoutMs: 200 }).catch((error) => (code = error.code + (error instanceof FirnError)))
      await pass(190)
      console.log(code)
      await pass(10)
      console.log(code)
      await client.close()
    `
    await expectPrints(script, [], "none\nTIMEOUTtrue\n")
  })

  testWith("node")("it tries again when the time is moved", async () => {
    const script = `
      const server = new TestServer()
      const client = createTestClient({ servers: server })
      server.refuse("CLOCK_BEHIND")
      const call = client.id()
      await pass(20)
      server.resume()
      await pass(50)
      console.log(typeof (await call), client.stats().requests.failedTries)
      await client.close()
    `
    await expectPrints(script, [], "bigint 1\n")
  })

  testWith("node")("the real client goes by real time all the same", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const script = `
      const client = new FirnClient({ servers: [process.argv[2], "127.0.0.1:1"] })
      console.log(typeof (await client.id()))
      await client.close()
      const lost = new FirnClient({ servers: ["127.0.0.1:1"] })
      await lost.id({ timeoutMs: 100 }).catch((error) => console.log(error.code))
      await lost.close()
    `
    await expectPrints(script, [peer.address], "bigint\nTIMEOUT\n")
  })
})
