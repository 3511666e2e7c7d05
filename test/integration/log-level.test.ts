import { expect, setDefaultTimeout, test } from "bun:test"
import { Status } from "../../protocol/index.ts"
import { RunningNode } from "../support/firn-process.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const DETAILS = ["client-connected", "client-closed", "mark-written", "clients-gone"]

test.each(["debug", "info"])(
  "what a log of the level %s tells of a client and a mark",
  async (level) => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "0", "--log-level", level])
    {
      using client = await TcpClient.connect(node.tcp)
      expect((await client.ask()).status).toBe(Status.OK)
    }
    if (level === "debug") for (const event of DETAILS.slice(0, 3)) await node.waitForLog(event)
    expect(await node.stop()).toBe(0)
    const told = DETAILS.filter((event) => node.logged(event).length > 0)
    expect(told).toEqual(level === "debug" ? DETAILS : [])
    if (level === "info") return
    expect(node.logged("client-connected")[0]).toMatchObject({ client: "127.0.0.1", open: 1 })
    expect(node.logged("client-closed")[0]).toMatchObject({ client: "127.0.0.1", open: 0 })
  },
)
