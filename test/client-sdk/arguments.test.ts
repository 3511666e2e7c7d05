import { afterAll, describe, expect, test } from "bun:test"
import { FirnClient, FirnError } from "../../client-sdk/index.ts"
import type { CallOptions, CloseOptions, FirnClientOptions } from "../../client-sdk/index.ts"
import { failureOf } from "../support/firn-failure.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"

const peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
afterAll(() => peer[Symbol.dispose]())
const servers = [peer.address]

/** The options of a client that are wrong, and what the error says. */
const WRONG_OPTIONS: [options: unknown, message: string][] = [
  [undefined, "options has to be an object with servers, connectionsPerServer, "],
  [null, "options has to be an object with servers, "],
  ["10.0.0.1:6454", "options has to be an object with servers, "],
  [[peer.address], "options has to be an object with servers, "],
  [{}, "servers has to be a list of 1 to 1024 addresses"],
  [{ servers: [] }, "servers has to be a list of 1 to 1024 addresses"],
  [{ servers: 6454 }, "servers has to be a list of 1 to 1024 addresses, or a text with commas"],
  [{ servers: "" }, 'server "" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "a:1,,b:1" }, 'server "" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "firn://" }, 'server "" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "firn://a:1/b" }, 'server "a:1/b" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "firn://me@a:1" }, 'server "me@a:1" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "http://a:1" }, 'server "http://a:1" is not HOST, HOST:PORT or unix:PATH'],
  [{ servers: "a:1,b:1,a:1" }, "servers has one address twice"],
  [{ servers: ["a", "a:6454"] }, "servers has one address twice"],
  [{ servers: Array.from({ length: 1_025 }, (_, i) => `h:${i + 1}`) }, "1 to 1024 addresses"],
  [{ servers: ["a:1", "b:1", "a:1"] }, "servers has one address twice"],
  ...["", ":1", "host:", "host:0", "host:65536", "host:x", "unix:", "::1:1", "a b:1"].map(
    (server): [unknown, string] => [
      { servers: [server] },
      `server "${server}" is not HOST, HOST:PORT or unix:PATH, for example "10.0.0.1:6454", "[::1]:6454" or "unix:/run/firn.sock"`,
    ],
  ),
  [{ servers: [6454] }, "server 6454 is not HOST, HOST:PORT or unix:PATH"],
  [{ servers: [undefined] }, "server undefined is not HOST, HOST:PORT or unix:PATH"],
  [{ servers, timeoutMs: 5 }, "options has no property timeoutMs; there are servers, "],
  ...wrongNumbers("connectionsPerServer", 1, 64),
  ...wrongNumbers("connectTimeoutMs", 10, 60_000),
  ...wrongNumbers("requestTimeoutMs", 1, 600_000),
  ...wrongNumbers("inFlightMax", 1, 65_536),
  ...wrongNumbers("retry.triesMax", 1, 100),
  ...wrongNumbers("retry.tryTimeoutMs", 1, 600_000),
  ...wrongNumbers("prefetch.size", 1, 65_536),
  ...wrongNumbers("prefetch.ttlMs", 1, 3_600_000),
  [{ servers, retry: 3 }, "retry has to be an object with triesMax, tryTimeoutMs"],
  [{ servers, retry: { tries: 3 } }, "retry has no property tries; there are triesMax, "],
  [{ servers, prefetch: 100 }, "prefetch has to be an object with size, ttlMs"],
  [{ servers, prefetch: { ttl: 3 } }, "prefetch has no property ttl; there are size, ttlMs"],
  [{ servers, tls: "yes" }, "tls has to be an object with ca, cert, key, passphrase, servername"],
  [{ servers, tls: { caFile: "x" } }, "tls has no property caFile; there are ca, "],
  [{ servers, onStateChange: "log" }, "onStateChange has to be a function"],
]

/** Whatever is not a whole number within bounds. */
function wrongNumbers(name: string, min: number, max: number): [unknown, string][] {
  const [outer, inner] = name.split(".") as [string, string?]
  return [min - 1, max + 1, min + 0.5, NaN, Infinity, `${min}`, null, 5n, true].map((value) => {
    const options = inner === undefined ? value : { [inner]: value }
    const shown = typeof value === "string" ? `"${value}"` : String(value)
    return [
      { servers, [outer]: options },
      `${name} is ${shown}, not a whole number from ${min} to ${max}`,
    ]
  })
}

const WRONG_CALLS: [options: unknown, message: string][] = [
  [null, "options has to be an object with node, key, random, signal, timeoutMs"],
  [5, "options has to be an object with node, "],
  [{ nodeId: 5 }, "options has no property nodeId; there are node, "],
  ...[-1, 1_024, 1.5, NaN, "3", null].map((node): [unknown, string] => [
    { node },
    `node is ${typeof node === "string" ? `"${node}"` : node}, not a whole number from 0 to 1023`,
  ]),
  [{ key: 5 }, "key is 5, not a string"],
  [{ key: "" }, "key is empty"],
  [{ random: "yes" }, 'random is "yes", not true or false'],
  [{ node: 1, key: "a" }, "a call takes one of node, key and random"],
  [{ key: "a", random: true }, "a call takes one of node, key and random"],
  [{ signal: {} }, "signal has to be an AbortSignal"],
  [{ timeoutMs: 0 }, "timeoutMs is 0, not a whole number from 1 to 600000"],
  [{ timeoutMs: 600_001 }, "timeoutMs is 600001, not a whole number from 1 to 600000"],
  [{ timeoutMs: "5" }, 'timeoutMs is "5", not a whole number from 1 to 600000'],
]

/** With what names a test in front. */
function titled(rows: readonly [unknown, string][]): [string, unknown][] {
  return rows.map(([options, message]) => [message, options])
}

function expectInvalid(error: unknown, message: string): void {
  expect(error).toBeInstanceOf(FirnError)
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false, tries: 0 })
  expect((error as FirnError).message).toStartWith("INVALID_ARGUMENT: ")
  expect((error as FirnError).message).toContain(message)
}

describe("a client is not made", () => {
  test.each(titled(WRONG_OPTIONS))("%s", (message, options) => {
    let thrown: unknown
    try {
      void new FirnClient(options as FirnClientOptions)
    } catch (error) {
      thrown = error
    }
    expectInvalid(thrown, message)
  })
})

describe("a call is refused before anything is sent", () => {
  test.each(titled(WRONG_CALLS))("%s", async (message, wrong) => {
    const client = new FirnClient({ servers, prefetch: true })
    const options = wrong as CallOptions
    expectInvalid(await failureOf(client.id(options)), message)
    expectInvalid(await failureOf(client.idString(options)), message)
    expectInvalid(await failureOf(client.ids(5, options)), message)
    expectInvalid(await failureOf(client.idStrings(5, options)), message)
    await client.close()
  })

  test.each([-1, 1_000_001, 1.5, NaN, "5", null, undefined])("for %p ids", async (count) => {
    const client = new FirnClient({ servers })
    const shown = typeof count === "string" ? `"${count}"` : String(count)
    const message = `count is ${shown}, not a whole number from 0 to 1000000`
    expectInvalid(await failureOf(client.ids(count as number)), message)
    expectInvalid(await failureOf(client.idStrings(count as number)), message)
    await client.close()
  })

  test.each(["", "x", "-5", "1.5", "18446744073709551616", -1n, 2n ** 64n, 5, null])(
    "to decode %p",
    async (id) => {
      const client = new FirnClient({ servers })
      expectInvalid(await failureOf(client.decode(id as bigint)), "is not an id: ")
      await client.close()
    },
  )

  test.each([-1, 600_001, 1.5, "5", null])("to close within %p ms", async (timeoutMs) => {
    const client = new FirnClient({ servers })
    const options = { timeoutMs } as CloseOptions
    const message = "not a whole number from 0 to 600000"
    expectInvalid(await failureOf(client.close(options)), message)
    expectInvalid(await failureOf(client.close({ wait: 5 } as CloseOptions)), "no property wait")
    // It is still open.
    expect(typeof (await client.id())).toBe("bigint")
    await client.close()
  })

  test("that wants an id fetched ahead of a client that fetches none", () => {
    const client = new FirnClient({ servers })
    expect(() => client.tryId()).toThrow("INVALID_ARGUMENT: tryId() needs the option prefetch")
  })
})

test("nothing of all that has reached the server but the calls that were right", () => {
  // The calls after a close() that was refused: five clients, each with two checks and its id.
  expect([peer.connections, peer.requests.length]).toEqual([5, 15])
})

test.each([
  { servers: ["10.0.0.1:6454", "node-1.example:65535", "[::1]:1", "unix:/run/firn.sock"] },
  { servers, connectionsPerServer: 64, connectTimeoutMs: 10, requestTimeoutMs: 600_000 },
  { servers, inFlightMax: 1, retry: {}, prefetch: {}, tls: false },
  { servers, retry: { triesMax: 1, tryTimeoutMs: 1 }, prefetch: { size: 1, ttlMs: 1 } },
  { servers, prefetch: { size: 65_536, ttlMs: 3_600_000 }, tls: true, onStateChange() {} },
])("options at their bounds are right: %j", async (options) => {
  await new FirnClient(options).close()
})
