import { describe, expect, test } from "bun:test"
import { keyHash } from "../../../../protocol/index.ts"
import { FakeClient, FakeServer } from "../../../support/fake-client.ts"
import { VirtualEnvironment } from "../../../support/virtual-environment.ts"
import { VirtualNode } from "../../../support/virtual-node.ts"
import { keysAskedOf, usedUp } from "../../../support/fake-sessions.ts"

/** A command as Redis's clients send it. */
function command(text: string): string {
  const args = text.split(" ")
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`
}

/** What comes back for these commands. */
function say(...commands: string[]): string {
  const client = new FakeClient()
  client.send(commands.map(command).join(""))
  return client.text
}

const ID = String.raw`\$1[0-9]\r\n([0-9]{16,19})\r\n`

/** The ids of an answer that is nothing but bulk strings. */
function ids(text: string): bigint[] {
  return [...text.matchAll(/\$[0-9]+\r\n([0-9]+)\r\n/g)].map(([, id]) => BigInt(id!))
}

describe("ids", () => {
  test("of GET are bulk strings, increasing, in any case of the command", () => {
    const text = say("GET local", "get local", "Get random", "gEt node:7", "GET key:user:42")
    expect(text).toMatch(new RegExp(`^(${ID}){5}$`))
    const all = ids(text)
    expect(all).toEqual(all.toSorted((a, b) => Number(a - b)))
    expect(new Set(all).size).toBe(5)
  })

  test("of FIRN.IDS are an array of one block", () => {
    const text = say("FIRN.IDS 3")
    expect(text).toStartWith("*3\r\n$")
    const [first, ...rest] = ids(text)
    expect(rest).toEqual([first! + 1n, first! + 2n])
    expect(say("firn.ids 2 node:7")).toStartWith("*2\r\n$")
  })

  test("of MGET are an array in the order of the names; one that is refused fails the whole", () => {
    const text = say("MGET local random key:a node:7")
    expect(text).toMatch(new RegExp(`^\\*4\r\n(${ID}){4}$`))
    expect(say("MGET local node:9 local", "PING")).toBe(
      "-ERR UNKNOWN_NODE node 9 is not in this cluster\r\n+PONG\r\n",
    )
    const many = say(`MGET ${Array<string>(300).fill("local").join(" ")}`)
    expect(new Set(ids(many)).size).toBe(300)
  })

  test("of INCRBY are the last of a block: the n up to it belong to the caller", () => {
    const [, first, last, next] = /^:(\d+)\r\n:(\d+)\r\n:(\d+)\r\n$/.exec(
      say("INCR a", "INCRBY a 100", "INCR a"),
    )!
    expect(BigInt(last!) - BigInt(first!)).toBe(100n)
    expect(BigInt(next!) - BigInt(last!)).toBe(1n)
  })

  test("of INCRBY are asked for by the hash of the whole name", () => {
    const server = new FakeServer()
    const asked = keysAskedOf(server)
    new FakeClient(server).send(command("INCRBY key:grün 1"), command("GET key:grün"))
    expect(asked).toEqual([keyHash("key:grün"), keyHash("grün")])
  })

  test("of INCR are those of INCRBY 1, however the command comes in", () => {
    const name = "n".repeat(99)
    const client = new FakeClient()
    const whole = command(`incr ${name}`) + command("INCR a") + command(`INCR ${name}x`)
    client.send(whole)
    for (const byte of Buffer.from(whole)) client.send(Uint8Array.of(byte))
    expect(client.text).toMatch(/^(:[0-9]{16,19}\r\n){6}$/)
    // Of an epoch long ago: from 2^63 on an integer of Redis has no room for an id.
    const late = new FakeClient(
      new FakeServer(new VirtualNode({ environment: new VirtualEnvironment(2 ** 41 + 5) })),
    )
    late.send(command("INCR a") + command("INCRBY a 2") + command("GET local"))
    const overflow = "-ERR increment or decrement would overflow\r\n"
    expect(late.text).toStartWith(overflow.repeat(2))
    expect(ids(late.text)[0]).toBeGreaterThan(2n ** 63n)
  })

  test("that cannot be given now are asked for again by clients themselves: TRYAGAIN", () => {
    const server = usedUp()
    const client = new FakeClient(server)
    client.send(command("GET local"))
    expect(client.text).toBe("")
    server.node.environment.advance(1)
    client.send(command("PING"))
    expect(client.text).toMatch(new RegExp(`^${ID}\\+PONG\r\n$`))
    const stopping = new FakeClient()
    stopping.server.local.isLeaving = true
    stopping.send(command("PING"))
    expect(stopping.text).toStartWith("-TRYAGAIN NOT_READY the node cannot give out ids now")
  })

  test.each([
    ["GET orders", `-ERR there is no id named "orders": it is local, random, node:ID or key:TEXT`],
    ["GET LOCAL", `-ERR there is no id named "LOCAL"`],
    ["GET node:1024", `-ERR there is no id named "node:1024"`],
    ["GET node:07", `-ERR there is no id named "node:07"`],
    ["GET node:", `-ERR there is no id named "node:"`],
    ["GET key:", `-ERR there is no id named "key:"`],
    ["GET ", `-ERR there is no id named ""`],
    ["INCR ", "-ERR a name must not be empty"],
    ["GET node:9", "-ERR UNKNOWN_NODE node 9 is not in this cluster"],
    ["FIRN.IDS 0", "-ERR ids are given out 1 to 4096 at a time"],
    ["FIRN.IDS 4097", "-ERR ids are given out 1 to 4096 at a time"],
    ["INCRBY a -1", "-ERR ids are given out 1 to 4096 at a time"],
    ["INCRBY a 1.5", "-ERR value is not an integer or out of range"],
    ["FIRN.IDS x", "-ERR value is not an integer or out of range"],
    ["MGET", "-ERR wrong number of arguments for 'mget' command"],
    ["GET", "-ERR wrong number of arguments for 'get' command"],
    ["INCR a b", "-ERR wrong number of arguments for 'incr' command"],
    ["TIME now", "-ERR wrong number of arguments for 'time' command"],
    ["SET a b", "-ERR unknown command 'SET', with args beginning with: 'a' 'b' "],
    ["DECR a", "-ERR unknown command 'DECR', with args beginning with: 'a' "],
    ["SELECT 1", "-ERR DB index is out of range"],
    ["CLIENT TRACKING on", "-ERR unknown subcommand 'TRACKING'. Try CLIENT HELP."],
    ["HELLO 4", "-NOPROTO unsupported protocol version"],
    ["HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'"],
    ["HELLO 3 AUTH root x", "-WRONGPASS"],
    ["FIRN.DECODE x", '-ERR "x" is not an id'],
  ])("%s is refused, and the connection goes on", (asked, refusal) => {
    const text = say(asked, "PING")
    expect(text).toStartWith(refusal)
    expect(text.indexOf("\r\n")).toBe(text.length - "\r\n+PONG\r\n".length)
    expect(text).toEndWith("+PONG\r\n")
  })
})

describe("what clients say when they connect", () => {
  test("is answered as Redis does, by RESP 2 and 3", () => {
    expect(say("HELLO")).toStartWith("*14\r\n$6\r\nserver\r\n$4\r\nfirn\r\n")
    expect(say("HELLO 3")).toStartWith("%7\r\n$6\r\nserver\r\n")
    expect(say("HELLO 3 AUTH default x SETNAME me", "CLIENT GETNAME")).toEndWith("$2\r\nme\r\n")
    expect(say("CLIENT SETINFO LIB-NAME x", "CLIENT SETNAME a", "SELECT 0")).toBe(
      "+OK\r\n+OK\r\n+OK\r\n",
    )
    expect(say("CLIENT GETNAME", "HELLO 3", "CLIENT GETNAME")).toEndWith("_\r\n")
    expect(say("CLIENT GETNAME")).toBe("$-1\r\n")
    expect(say("HELLO 3", "RESET", "CONFIG GET save")).toEndWith("+RESET\r\n*0\r\n")
    expect(say("COMMAND", "COMMAND COUNT", "COMMAND DOCS")).toBe("*0\r\n:0\r\n*0\r\n")
    expect(say("INFO")).toContain("role:master\r\n")
    expect(say("INFO replication")).not.toContain("redis_version")
    expect(say("INFO")).toMatch(
      /redis_version:7\.0\.0\r\n[^]*loading:0\r\n[^]*\r\n# Firn\r\nnode:7/,
    )
  })

  test("PING, ECHO and TIME", () => {
    expect(say("PING", "PING hi", "ECHO grün")).toBe("+PONG\r\n$2\r\nhi\r\n$5\r\ngrün\r\n")
    expect(say("TIME")).toMatch(/^\*2\r\n\$10\r\n[0-9]{10}\r\n\$[0-9]\r\n[0-9]+\r\n$/)
  })

  test("FIRN.DECODE takes an id apart", () => {
    const pairs = "$4\r\ntime\r\n:1\r\n$7\r\nunix_ms\r\n:1767225600001\r\n"
    const rest = "$4\r\nnode\r\n:3\r\n$8\r\nsequence\r\n:5\r\n"
    const id = (1n << 22n) | (3n << 12n) | 5n
    expect(say(`FIRN.DECODE ${id}`)).toBe(`*8\r\n${pairs}${rest}`)
    expect(say("HELLO 3", `FIRN.DECODE ${id}`)).toEndWith(`%4\r\n${pairs}${rest}`)
  })
})

describe("the connection", () => {
  test("is closed after QUIT, and nothing behind it is answered", () => {
    const client = new FakeClient()
    client.send(command("PING") + command("QUIT") + command("GET local"))
    expect(client.text).toBe("+PONG\r\n+OK\r\n")
    expect(client.calls).toContain("shutdown")
  })

  test.each([
    ["*x\r\n", "invalid multibulk length"],
    [`${command("PING")}GET local\r\n`, "expected '*', got 'G'"],
    ["*1\r\n$600\r\n", "invalid bulk length"],
  ])("is closed after what breaks the framing: %j", (bytes, fault) => {
    const client = new FakeClient()
    client.send(bytes)
    expect(client.text).toEndWith(`-ERR Protocol error: ${fault}\r\n`)
    expect(client.calls).toContain("shutdown")
  })

  test("gets the same in whatever chunks, also many at once", () => {
    const bytes = Buffer.from(["a", "b", "c"].map((k) => command(`PING ${k}`)).join(""))
    const client = new FakeClient()
    for (const byte of bytes) client.send(Uint8Array.of(byte))
    expect(client.text).toBe("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n")
    const all = say(...Array<string>(1_000).fill("GET local"), ...Array<string>(500).fill("INCR a"))
    expect(all.match(/\$1[0-9]\r\n/g)?.length).toBe(1_000)
    expect(all.match(/:[0-9]+\r\n/g)?.length).toBe(500)
  })

  test("of a node that is about to stop is told so", () => {
    const client = new FakeClient()
    client.connection.refuse()
    client.send(command("GET local"))
    expect(client.text).toStartWith("-TRYAGAIN NOT_READY ")
  })
})
