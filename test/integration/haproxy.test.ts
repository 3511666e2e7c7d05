import { expect, setDefaultTimeout } from "bun:test"
import { connect } from "node:net"
import { join } from "node:path"
import { writeFileSync } from "node:fs"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op, Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(120_000)

const CONFIG = join(import.meta.dir, "../../deploy/haproxy/haproxy.cfg")
const NODES = 4
/** Of each kind. */
const CLIENTS = 16
const DRAIN = ["--drain-delay", "3000", "--drain-timeout", "10000"]

/** HAProxy with the configuration that is shipped, on other ports. */
class Haproxy implements AsyncDisposable {
  readonly frames: string
  readonly web: string
  readonly #dir = new TempDir()
  readonly #process: Bun.Subprocess

  private constructor(config: string, frames: string, web: string) {
    this.frames = frames
    this.web = web
    const path = this.#dir.at("haproxy.cfg")
    writeFileSync(path, config)
    this.#process = Bun.spawn(["haproxy", "-db", "-f", path], {
      stdout: "ignore",
      stderr: "ignore",
    })
  }

  static async start(cluster: NodeCluster): Promise<Haproxy> {
    const [frames, web] = [cluster.freeAddress(), cluster.freeAddress()]
    let config = (await Bun.file(CONFIG).text()).replace("127.0.0.1:6400", frames)
    config = config.replace("127.0.0.1:5400", web)
    for (let node = 0; node < NODES; node++) {
      config = config.replace(`127.0.0.1:${6454 + node}`, cluster.addresses[node]!)
      config = config.replace(`127.0.0.1:${5454 + node}`, cluster.node(node).http)
    }
    const haproxy = new Haproxy(config, frames, web)
    await within("HAProxy to serve", haproxy.#serves())
    return haproxy
  }

  async #serves(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const knock = (): void => {
      const [host, port] = this.web.split(":")
      const socket = connect({ host: host!, port: Number(port) })
      socket.once("connect", () => (socket.destroy(), resolve()))
      socket.once("error", () => setTimeout(knock, 20))
    }
    knock()
    await promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.#process.exited
    this.#dir[Symbol.dispose]()
  }
}

/** What clients of one kind have seen. */
class Tally {
  answered = 0
  refused = 0
  readonly failures: unknown[] = []
}

/** Asks, four requests at a time; whoever is refused or gets a FIN connects anew. */
async function askFrames(address: string, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    using client = await TcpClient.connect(address)
    const end = client.closed.then(() => "closed" as const)
    for (let isRefused = false; !isOver() && !isRefused;) {
      const answers = client.askAll([{}, {}, { op: Op.RANDOM }, {}])
      const got = await Promise.race([answers, answers.catch(() => end)])
      if (got === "closed") {
        // A FIN that crossed the requests: none of them may have been answered in part.
        tally.refused += client.unclaimed.length === 0 ? 1 : 0
        if (client.keptBytes > 0) tally.failures.push("an answer was cut")
        break
      }
      for (const { status } of got) {
        if (status === Status.OK) tally.answered++
        else if (status === Status.NOT_READY) isRefused = true
        else tally.failures.push(status)
      }
      if (isRefused) tally.refused++
    }
  }
}

async function askWeb(address: string, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      const response = await fetch(`http://${address}/lunique`)
      await response.text()
      if (response.status === 200) tally.answered++
      else tally.failures.push(response.status)
    } catch (error) {
      tally.failures.push(error)
    }
  }
}

async function askClient(client: FirnClient, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await client.id()
      tally.answered++
    } catch (error) {
      tally.failures.push(error)
    }
  }
}

testWith("haproxy")("nodes restart one by one behind HAProxy, and no request fails", async () => {
  await using cluster = new NodeCluster(NODES)
  const web = Array.from({ length: NODES }, () => cluster.freeAddress())
  const peers = ["--peers", peersText(cluster.addresses)]
  await cluster.startAll((node) => [...peers, ...DRAIN, "--http", web[node]!])
  await using haproxy = await Haproxy.start(cluster)
  await using client = new FirnClient({ servers: [...cluster.addresses] })
  let isOver = false
  const frames = new Tally()
  const requests = new Tally()
  const calls = new Tally()
  const clients = Array.from({ length: CLIENTS }, () => [
    askFrames(haproxy.frames, frames, () => isOver),
    askWeb(haproxy.web, requests, () => isOver),
    askClient(client, calls, () => isOver),
  ])
  for (let node = 0; node < NODES; node++) {
    expect(await cluster.node(node).stop()).toBe(0)
    await cluster.restart(node)
  }
  isOver = true
  await within("all clients", Promise.all(clients.flat()))
  for (const tally of [frames, requests, calls]) {
    expect(tally.failures).toEqual([])
    expect(tally.answered).toBeGreaterThan(1_000)
  }
})
