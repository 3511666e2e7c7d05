import { writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { within } from "./deadline.ts"
import type { NodeCluster } from "./node-cluster.ts"
import { ROOT } from "./paths.ts"
import { splitAddress } from "./tcp-client.ts"
import { TempDir } from "./temp-dir.ts"

const CONFIG = join(ROOT, "deploy/haproxy/haproxy.cfg")
/** The ports that stand there. */
const FIRST_TCP_PORT = 6_454
const FIRST_HTTP_PORT = 5_454

/** HAProxy with the configuration that is shipped, on other ports. */
export class Haproxy implements AsyncDisposable {
  /** HOST:PORT for frames. */
  readonly frames: string
  /** HOST:PORT for HTTP. */
  readonly web: string
  readonly #dir = new TempDir()
  readonly #process: Bun.Subprocess

  private constructor(config: string, frames: string, web: string) {
    this.frames = frames
    this.web = web
    const path = this.#dir.at("haproxy.cfg")
    writeFileSync(path, config)
    const output = { stdout: "ignore", stderr: "ignore" } as const
    this.#process = Bun.spawn(["haproxy", "-db", "-f", path], output)
  }

  /** In front of the four nodes of a cluster; resolves when it listens. */
  static async start(cluster: NodeCluster): Promise<Haproxy> {
    const [frames, web] = [cluster.freeAddress(), cluster.freeAddress()]
    let config = (await Bun.file(CONFIG).text()).replace("127.0.0.1:6400", frames)
    config = config.replace("127.0.0.1:5400", web)
    for (const [node, address] of cluster.addresses.entries()) {
      config = config.replace(`127.0.0.1:${FIRST_TCP_PORT + node}`, address)
      config = config.replace(`127.0.0.1:${FIRST_HTTP_PORT + node}`, cluster.node(node).http)
    }
    const haproxy = new Haproxy(config, frames, web)
    await within("HAProxy to listen", haproxy.#listens())
    return haproxy
  }

  async #listens(): Promise<void> {
    const { hostname, port } = splitAddress(this.web)
    const { promise, resolve } = Promise.withResolvers<void>()
    const knock = (): void => {
      const socket = connect({ host: hostname, port })
      socket.once("connect", () => {
        socket.destroy()
        resolve()
      })
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
