import { InputError } from "../../../protocol/index.ts"
import { describe, expect, test } from "bun:test"
import {
  ListenError,
  addressText,
  isLocal,
  parseAddress,
  parseListenAddress,
} from "../../../server/net/address.ts"

describe("an address", () => {
  test.each([
    ["127.0.0.1:6454", "127.0.0.1", 6_454],
    ["localhost:0", "localhost", 0],
    ["0.0.0.0:65535", "0.0.0.0", 65_535],
    ["[::1]:5454", "::1", 5_454],
    ["[::]:80", "::", 80],
    ["[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80],
    ["node-3.firn.example:06454", "node-3.firn.example", 6_454],
  ])("%s is read", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port })
  })

  test.each(["127.0.0.1:6454", "[::1]:0", "localhost:1"])(
    "%s is written as it was read",
    (text) => {
      expect(addressText(parseAddress(text))).toBe(text)
    },
  )

  test.each([
    "",
    "6454",
    ":6454",
    "localhost",
    "localhost:",
    "localhost:x",
    "localhost:-1",
    "localhost:65536",
    "localhost:100000",
    "localhost:1.5",
    "localhost: 1",
    " localhost:1",
    "localhost:1 ",
    "local host:1",
    "::1:6454",
    "[::1]",
    "[]:6454",
    "[localhost]:6454",
    "http://localhost:1",
    "localhost:1\n",
  ])("%j is refused with an example of a right one", (text) => {
    expect(() => parseAddress(text)).toThrow(InputError)
    expect(() => parseAddress(text)).toThrow(
      `"${text}" is not HOST:PORT, for example 127.0.0.1:6454 or [::1]:6454`,
    )
  })
})

describe("where to listen", () => {
  test.each([
    "unix:/run/firn.sock",
    "unix:firn.sock",
    `unix:/${"é".repeat(53)}`,
    "unix:/a b:c",
    "[::1]:0",
  ])("%s is read, and written as it was", (text) => {
    expect(addressText(parseListenAddress(text))).toBe(text)
  })

  test.each(["unix:", `unix:/${"é".repeat(54)}`, "unix:/a\0b"])(
    "%j is refused with what is right",
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(
        `"${text}" is not unix:PATH with a path of 1 to 107 bytes, for example unix:/run/firn.sock`,
      )
    },
  )

  test("only this machine can reach it, or others as well", () => {
    const local = ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/x"]
    expect(local.map(parseListenAddress).map(isLocal)).toEqual(local.map(() => true))
    const open = ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::2]:1", "localhost.example:1", "1270.a:1"]
    expect(open.map(parseListenAddress).map(isLocal)).toEqual(open.map(() => false))
  })
})

describe("an address that cannot be listened on", () => {
  const address = { host: "::1", port: 6_454 }

  test.each([
    ["EADDRINUSE", "it is in use by another process"],
    ["EADDRNOTAVAIL", "this machine does not have that address"],
    ["EACCES", "this user may not listen there"],
    ["EOTHER", "Failed to listen (EOTHER)"],
  ])("is named together with what for and why: %s", (code, why) => {
    const cause = Object.assign(new Error("Failed to listen"), { code })
    const { message } = new ListenError("TCP", address, cause)
    expect(message).toBe(`cannot listen for TCP on [::1]:6454: ${why}`)
  })
})
