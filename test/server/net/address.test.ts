import { InputError } from "../../../protocol/index.ts"
import { describe, expect, test } from "bun:test"
import { ListenError, addressText, parseAddress } from "../../../server/net/address.ts"

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
