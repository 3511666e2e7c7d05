import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { connect } from "node:net"
import { connect as connectTls } from "node:tls"
import type { ConnectionOptions } from "node:tls"
import { FirnClient } from "../../client-sdk/index.ts"
import { COUNT_MAX, Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { failureOf } from "../support/firn-failure.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { splitAddress, TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { pem, pemFile } from "../support/tls-front.ts"
import { KNOWN, MUTUAL, TRUST, tlsArgs } from "../support/tls-node.ts"

setDefaultTimeout(60_000)

const NODE = ["--node-id", "7"]
const ONCE = { triesMax: 1 }

/** Connects, sends a text and FIN. @returns all that came back, or why nothing did */
async function exchange(address: string, text: string, tls: ConnectionOptions): Promise<string> {
  const { hostname, port } = splitAddress(address)
  const socket = connectTls({ ...TRUST, ...tls, host: hostname, port })
  const { promise, resolve } = Promise.withResolvers<string>()
  let read = ""
  socket.on("secureConnect", () => socket.end(text))
  socket.on("data", (chunk) => (read += String(chunk)))
  socket.on("error", (error) => resolve(error.message))
  socket.on("close", () => resolve(read))
  return await within("the end of a connection", promise)
}

describe("a node that listens by TLS", () => {
  test("serves the SDK, frames, text and HTTP", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs()])
    await using sdk = new FirnClient({ servers: [node.tcp], tls: TRUST })
    expect((await sdk.ids(10_000)).length).toBe(10_000)
    using client = await TcpClient.connect(node.tcp, TRUST)
    const [first, last] = await client.askAll([{}, { count: COUNT_MAX }])
    expect([first!.status, last!.status]).toEqual([Status.OK, Status.OK])
    expect(await exchange(node.tcp, "lunique\nlunique\n", {})).toMatch(/^[0-9]+\n[0-9]+\n$/)
    const response = await fetch(`https://${node.http}/lunique`, { tls: TRUST })
    expect(await response.text()).toMatch(/^[0-9]+\n$/)
    expect(node.logged("exposed")).toEqual([])
    expect(await node.stop()).toBe(0)
  })

  test("answers all that a slow reader asks for, in order", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs()])
    using client = await TcpClient.connect(node.tcp, TRUST)
    client.pause()
    const asked = client.askAll(Array(200_000).fill({}))
    using other = await TcpClient.connect(node.tcp, TRUST)
    expect((await other.ask()).status).toBe(Status.OK)
    client.resume()
    const answers = await asked
    expect(answers.every(({ status }) => status === Status.OK)).toBe(true)
    expect(answers.every(({ value }, i) => i === 0 || value > answers[i - 1]!.value)).toBe(true)
  })

  test("is drained as one without it", async () => {
    using dir = new TempDir()
    const drain = ["--drain-delay", "200", "--drain-timeout", "60000"]
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs(), ...drain])
    const connecting = Array.from({ length: 20 }, () => TcpClient.connect(node.tcp, TRUST))
    const clients = await Promise.all(connecting)
    const served = clients.map(async (client) => {
      for (;;) {
        const { status } = await client.ask()
        if (status !== Status.OK) return status
      }
    })
    node.kill("SIGTERM")
    const statuses = await within("NOT_READY for all", Promise.all(served))
    expect(new Set(statuses)).toEqual(new Set([Status.NOT_READY]))
    for (const client of clients) expect(await client.closed).toBeUndefined()
    expect(await within("the end", node.exit)).toBe(0)
  })

  test("is asked by firn id and firn status, which say what is wrong", async () => {
    using dir = new TempDir()
    const args = [...NODE, ...tlsArgs(), ...MUTUAL]
    await using node = await RunningNode.start(dir.path, args)
    const trust = ["--tls-ca", pemFile("authority")]
    const own = ["--tls-cert", pemFile("client"), "--tls-key", pemFile("client-key")]
    const id = await runFirn(["id", "--server", node.tcp, ...trust, ...own])
    expect([id.exit, id.stdout]).toEqual([0, expect.stringMatching(/^[0-9]+\n$/)])
    const status = await runFirn(["status", "--server", node.http, ...trust, ...own])
    expect(status.stdout).toContain("certificate   until 2126-")
    const plain = await runFirn(["status", "--server", node.http])
    expect([plain.exit, plain.stderr]).toEqual([
      1,
      `error: cannot reach ${node.http}: it closed the connection; if it listens by TLS, --tls-ca is needed\n`,
    ])
    const system = await runFirn(["id", "--server", node.tcp, "--tls-ca", "system", ...own])
    expect([system.exit, system.stderr]).toEqual([1, expect.stringContaining("certificate")])
    for (const [options, error] of [
      [own, "--tls-cert needs --tls-ca as well: a file, or system"],
      [[...trust, "--tls-key", pemFile("client-key")], "--tls-cert and --tls-key go together"],
    ] as const) {
      const refused = await runFirn(["id", ...options])
      expect([refused.exit, refused.stderr]).toEqual([2, `error: ${error}\n`])
    }
  })
})

describe("a client does not trust", () => {
  test.each([
    ["another authority", "server", "server-key", "other-authority", /certificate/],
    ["another name", "other-name", "other-name-key", "authority", /127\.0\.0\.1|altname/],
    ["one that has ended", "ended", "server-key", "authority", /expired/],
    ["one that is self-signed", "self-signed", "self-signed-key", "authority", /self.signed/],
  ])("a certificate of a node: %s", async (_, cert, key, ca, reason) => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs(cert, key)])
    const servers = [node.tcp]
    await using client = new FirnClient({ servers, tls: { ca: pem(ca) }, retry: ONCE })
    const error = await failureOf(client.id())
    expect([error.code, error.message]).toEqual(["CONNECT_FAILED", expect.stringMatching(reason)])
    expect(node.logged("certificate-not-valid").length).toBe(cert === "ended" ? 1 : 0)
  })
})

/** What the node says of a client that it has refused. */
async function faultSaid(node: RunningNode): Promise<unknown> {
  return (await node.waitForLog("handshakes-failed"))["reason"]
}

describe("a node that wants certificates", () => {
  test("serves who has one", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs(), ...MUTUAL])
    await using client = new FirnClient({ servers: [node.tcp], tls: KNOWN })
    expect((await client.ids(10_000)).length).toBe(10_000)
    const response = await fetch(`https://${node.http}/lunique`, { tls: KNOWN })
    expect(response.status).toBe(200)
  })

  test.each([
    ["none", undefined, "it has no certificate"],
    ["a self-signed one", "self-signed", "its certificate is self-signed"],
    ["one of another authority", "stranger", "its authority is not trusted"],
    ["one that has ended", "ended", "its certificate has ended"],
  ])("refuses who has %s, and says why", async (_, name, reason) => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs(), ...MUTUAL])
    const key = name === "ended" ? "server-key" : `${name}-key`
    const own = name === undefined ? {} : { cert: pem(name), key: pem(key) }
    for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
      const answer = await exchange(node.tcp, "lunique\n", { ...own, maxVersion })
      expect(answer).not.toMatch(/[0-9]{10}/)
    }
    expect(await faultSaid(node)).toBe(reason)
    await using client = new FirnClient({
      servers: [node.tcp],
      tls: { ...TRUST, ...own },
      retry: ONCE,
    })
    expect((await failureOf(client.id())).code).toBe("CONNECT_FAILED")
    await using known = new FirnClient({ servers: [node.tcp], tls: KNOWN })
    expect(typeof (await known.id())).toBe("bigint")
  })
})

describe("no client of a node by TLS is", () => {
  test("one that speaks none", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs()])
    using client = await TcpClient.connect(node.tcp)
    await client.send(new TextEncoder().encode("lunique\n"))
    await within("its end", client.closed)
    expect(await faultSaid(node)).toBe("it does not speak TLS")
    await using plain = new FirnClient({ servers: [node.tcp], retry: ONCE })
    expect((await failureOf(plain.id())).code).toBe("CONNECT_FAILED")
    const response = fetch(`http://${node.http}/lunique`)
    expect(
      await response.then(
        () => "answered",
        () => "closed",
      ),
    ).toBe("closed")
  })

  test("one that says nothing, and it is closed in time", async () => {
    using dir = new TempDir()
    const args = [...NODE, ...tlsArgs(), "--handshake-timeout", "500"]
    await using node = await RunningNode.start(dir.path, args)
    const silent = await Promise.all(Array.from({ length: 300 }, () => TcpClient.connect(node.tcp)))
    await using client = new FirnClient({ servers: [node.tcp], tls: TRUST })
    expect(typeof (await client.id())).toBe("bigint")
    await within("their end", Promise.all(silent.map(({ closed }) => closed)))
    expect(await faultSaid(node)).toBe("it took too long")
  })

  test("one whose TLS is older than 1.2", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs()])
    const answer = await exchange(node.tcp, "lunique\n", OLD)
    expect(answer).not.toMatch(/[0-9]{10}/)
    expect(await faultSaid(node)).toBe("its TLS is older than 1.2")
  })

  test("one that goes away amid its handshake", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, [...NODE, ...tlsArgs()])
    const { hostname, port } = splitAddress(node.tcp)
    const socket = connect(port, hostname, () => socket.end(Uint8Array.of(0x16, 3, 1, 2)))
    socket.on("error", () => {})
    expect(await faultSaid(node)).toBe("it closed the connection")
    expect(node.logged("connection-failed")).toEqual([])
  })
})

const OLD: ConnectionOptions = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" }
