import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import type { FirnClientOptions } from "../../client-sdk/index.ts"
import { RUNTIMES, runClientScript, testUnder } from "../support/client-script.ts"
import { failureOf } from "../support/firn-failure.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"
import { TlsFront, pem } from "../support/tls-front.ts"
import type { TlsFrontOptions } from "../support/tls-front.ts"

const ONCE = { triesMax: 1 }

/** A node behind TLS on the loopback address, and a client of it. */
async function withTls(
  tls: FirnClientOptions["tls"] & object,
  use: (client: FirnClient, peer: TcpPeer) => Promise<void>,
  { host = "127.0.0.1", ...front }: TlsFrontOptions & { readonly host?: string } = {},
): Promise<void> {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  using tlsFront = await TlsFront.listen(peer.address, front)
  const servers = [`${host}:${tlsFront.port}`]
  await using client = new FirnClient({ servers, tls, retry: ONCE, connectTimeoutMs: 2_000 })
  await use(client, peer)
}

async function expectServed(client: FirnClient): Promise<void> {
  expect((await client.ids(10_000)).length).toBe(10_000)
  expect(typeof (await client.id({ key: "k" }))).toBe("bigint")
}

/** No request has gone out, and the error says why. */
function expectRefused(reason: RegExp): (client: FirnClient, peer: TcpPeer) => Promise<void> {
  return async (client, peer) => {
    const error = await failureOf(client.id())
    expect(error.code).toBe("CONNECT_FAILED")
    expect(error.message).toMatch(reason)
    expect(peer.requests).toEqual([])
  }
}

describe("over TLS a client", () => {
  test("gets ids of a server whose certificate is of an authority it trusts", async () => {
    await withTls({ ca: pem("authority") }, expectServed)
    await withTls({ ca: [pem("other-authority"), Buffer.from(pem("authority"))] }, expectServed)
  })

  test("takes the host of the address for the name that the certificate is to be for", async () => {
    await withTls({ ca: pem("authority") }, expectServed, { host: "localhost" })
  })

  test("can be told another name", async () => {
    await withTls({ ca: pem("authority"), servername: "firn.test" }, expectServed)
  })

  test("refuses a certificate of another authority, and says so", async () => {
    const reason = /certificate/
    await withTls({ ca: pem("other-authority") }, expectRefused(reason))
    // The system's authorities do not know it either.
    await withTls({}, expectRefused(reason))
  })

  test("refuses a certificate for another name, and says so", async () => {
    const tls = { ca: pem("authority"), servername: "bank.example" }
    await withTls(tls, expectRefused(/bank\.example.*cert|cert.*bank\.example/))
  })

  test("shows its own certificate where the server asks for one", async () => {
    const own = { cert: pem("client"), key: pem("client-key") }
    await withTls({ ca: pem("authority"), ...own }, expectServed, { asksForCertificate: true })
  })

  test("without one is refused there", async () => {
    const tls = { ca: pem("authority") }
    await withTls(tls, expectRefused(/127\.0\.0\.1:/), { asksForCertificate: true })
  })

  test("gets no ids of a server that speaks none", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const options = { servers: [peer.address], retry: ONCE, connectTimeoutMs: 300 }
    await using client = new FirnClient({ ...options, tls: true })
    expect((await failureOf(client.id())).code).toBe("CONNECT_FAILED")
  })
})

test("a client without TLS gets no ids of a server that speaks it", async () => {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  using front = await TlsFront.listen(peer.address)
  const servers = [`127.0.0.1:${front.port}`]
  await using client = new FirnClient({ servers, retry: ONCE, connectTimeoutMs: 300 })
  expect((await failureOf(client.id())).code).toBe("CONNECT_FAILED")
})

test.each([
  [{ cert: "no certificate", key: "no key" }, "tls: "],
  [{ key: 5 }, "tls: "],
  [{ servername: 5 }, "tls.servername is 5, not a string"],
  [{ passphrase: 5 }, "tls.passphrase is 5, not a string"],
])("what TLS cannot use is refused as the client is made: %j", (tls, message) => {
  const options = { servers: ["127.0.0.1:1"], tls } as unknown as FirnClientOptions
  expect(() => new FirnClient(options)).toThrow(`INVALID_ARGUMENT: ${message}`)
})

describe.each(RUNTIMES)("under %s", (runtime) => {
  testUnder(runtime)("TLS works as well, and wrong authorities are refused", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    using front = await TlsFront.listen(peer.address, { asksForCertificate: true })
    const script = `
      const [server, own] = servers
      const options = { servers: [server], retry: { triesMax: 1 } }
      const tls = JSON.parse(own)
      const client = new FirnClient({ ...options, tls })
      console.log(typeof (await client.id()))
      await client.close()
      const other = new FirnClient({ ...options, tls: { ...tls, ca: tls.cert } })
      await other.id().catch(({ code, message }) => {
        console.log(code, message.includes("certificate"))
      })
      await other.close()
      try {
        new FirnClient({ ...options, tls: { cert: "x", key: "y" } })
      } catch (error) {
        console.log(error.code)
      }
    `
    const own = { ca: pem("authority"), cert: pem("client"), key: pem("client-key") }
    const args = [`localhost:${front.port}`, JSON.stringify(own)]
    expect(await runClientScript(runtime, script, args)).toEqual({
      exitCode: 0,
      stdout: "bigint\nCONNECT_FAILED true\nINVALID_ARGUMENT\n",
      stderr: "",
    })
  })
})
