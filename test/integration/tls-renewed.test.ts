import { expect, setDefaultTimeout, test } from "bun:test"
import { copyFileSync, writeFileSync } from "node:fs"
import { connect as connectTls } from "node:tls"
import { FirnClient } from "../../client-sdk/index.ts"
import { Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { splitAddress, TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { pem, pemFile } from "../support/tls-front.ts"
import { TRUST } from "../support/tls-node.ts"

setDefaultTimeout(60_000)

const RENEWALS = 20

/** The certificate of a node in files that change, and a node that uses it. */
class RenewedNode implements AsyncDisposable {
  readonly dir = new TempDir()
  node!: RunningNode

  static async start(): Promise<RenewedNode> {
    const renewed = new RenewedNode()
    renewed.put("server")
    const { cert, key } = renewed
    const args = ["--node-id", "7", "--tls-cert", cert, "--tls-key", key]
    renewed.node = await RunningNode.start(renewed.dir.at("node"), args)
    return renewed
  }

  get cert(): string {
    return this.dir.at("cert.pem")
  }

  get key(): string {
    return this.dir.at("key.pem")
  }

  put(name: string, key = `${name}-key`): void {
    copyFileSync(pemFile(name), this.cert)
    copyFileSync(pemFile(key), this.key)
  }

  /** Puts a certificate there and has the node read it. */
  async renew(name: string, occurrence: number): Promise<void> {
    this.put(name)
    this.node.kill("SIGHUP")
    await this.node.waitForLog("certificate-read", occurrence)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node[Symbol.asyncDispose]()
    this.dir[Symbol.dispose]()
  }
}

/** Connects anew. @returns the certificate that was shown */
async function shown(address: string): Promise<string> {
  const { hostname, port } = splitAddress(address)
  const socket = connectTls({ ...TRUST, host: hostname, port })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  socket.on("secureConnect", () => resolve(socket.getPeerX509Certificate()!.toString().trim()))
  socket.on("error", reject)
  socket.on("close", () => reject(new Error("closed before its handshake was over")))
  try {
    return await within("a handshake", promise)
  } finally {
    socket.destroy()
  }
}

test("another certificate is taken on SIGHUP, and no connection is lost for it", async () => {
  await using renewed = await RenewedNode.start()
  const { node } = renewed
  using old = await TcpClient.connect(node.tcp, TRUST)
  await using sdk = new FirnClient({ servers: [node.tcp], tls: TRUST })
  const over = new AbortController()
  const seen = new Map<string, number>()
  const connecting = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) {
      const certificate = await shown(node.tcp)
      seen.set(certificate, (seen.get(certificate) ?? 0) + 1)
    }
  })
  const calling = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) await sdk.id()
  })
  const names = ["next-server", "server"]
  for (let i = 0; i < RENEWALS; i++) {
    await renewed.renew(names[i % 2]!, i + 1)
    expect(await shown(node.tcp)).toBe(pem(names[i % 2]!).trim())
    expect((await old.ask()).status).toBe(Status.OK)
    const response = await fetch(`https://${node.http}/lunique`, { tls: TRUST, keepalive: false })
    expect(response.status).toBe(200)
  }
  over.abort()
  // Whatever fails there fails the test.
  await Promise.all([...connecting, ...calling])
  expect(new Set(seen.keys())).toEqual(new Set(names.map((name) => pem(name).trim())))
  expect(await node.stop()).toBe(0)
})

test("files that cannot be used leave the certificate as it is, and are told of", async () => {
  await using renewed = await RenewedNode.start()
  const { node } = renewed
  const faults = [
    [() => writeFileSync(renewed.cert, ""), "has no certificate in it (PEM)"],
    [() => renewed.put("server", "client-key"), "is not that of the certificate in"],
    [() => renewed.put("ended", "server-key"), "has ended on 2020-01-02T00:00:00.000Z"],
  ] as const
  for (const [i, [spoil, reason]] of faults.entries()) {
    spoil()
    node.kill("SIGHUP")
    const line = await node.waitForLog("certificate-not-read", i + 1)
    expect(line.msg).toStartWith("the old certificate stays: ")
    expect(line["reason"]).toContain(reason)
    expect(await shown(node.tcp)).toBe(pem("server").trim())
  }
  await renewed.renew("next-server", 1)
  expect(await shown(node.tcp)).toBe(pem("next-server").trim())
})
