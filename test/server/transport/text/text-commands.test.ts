import { version } from "../../../../package.json"
import { parseNodeStatus } from "../../../../server/node-status.ts"
import { describe, expect, test } from "bun:test"
import { DEFAULT_EPOCH_MS, decodeId, keyHash } from "../../../../protocol/index.ts"
import { FakeClient, FakeServer, START_NUMBER } from "../../../support/fake-client.ts"
import { keysAskedOf, lines, say } from "../../../support/fake-sessions.ts"
import { MemoryStore } from "../../../support/memory-store.ts"
import { NODE_ID, VirtualNode } from "../../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../../support/virtual-environment.ts"

const PONG = String((BigInt(NODE_ID) << 48n) + START_NUMBER)

function isId(line: string): boolean {
  const { time, node } = decodeId(line)
  return time === SOME_TIME && node === NODE_ID
}

describe("a command is answered with what it asks for", () => {
  test.each([
    "lunique",
    "lunique 1",
    "dunique",
    "dunique 1",
    "dunique random",
    "dunique random 1",
    "dunique key order-42",
    "dunique key order-42 1",
    "dunique key:order-42",
    "dunique key:user:42 1",
    `dunique node:${NODE_ID} 1`,
    "dunique key grün-日本語",
    `dunique node ${NODE_ID}`,
    `dunique node ${NODE_ID} 1`,
    "  lunique\t1  ",
  ])("%s: an id", (command) => {
    const answer = say(`dunique\n${command}\n`)
    expect(answer.length).toBe(2)
    expect(answer.every(isId)).toBe(true)
    expect(BigInt(answer[1]!)).toBe(BigInt(answer[0]!) + 1n)
  })

  test.each(["lunique 3", "dunique 3", "dunique random 3", "dunique node 7 3", "dunique key k 3"])(
    "%s: three ids that follow each other",
    (command) => {
      const ids = say(`${command}\n`).map(BigInt)
      expect(ids.map((id) => id - ids[0]!)).toEqual([0n, 1n, 2n])
    },
  )

  test("lunique 4096: as many lines", () => {
    expect(new Set(say("lunique 4096\n")).size).toBe(4_096)
  })

  test("ping, epoch and clock: the value in decimal", () => {
    expect(say("ping\nepoch\nclock\n")).toEqual([
      PONG,
      String(DEFAULT_EPOCH_MS),
      String(DEFAULT_EPOCH_MS + SOME_TIME),
    ])
  })

  test("decode: the parts of an id, the largest too", () => {
    expect(say("decode 0\ndecode 18446744073709551615\n")).toEqual([
      "time 2026-01-01T00:00:00.000Z node 0 sequence 0",
      "time 2165-05-15T07:35:11.103Z node 1023 sequence 4095",
    ])
  })

  test("help: every command", () => {
    const help = say("help\n").join("\n")
    const all = [
      "lunique",
      "dunique",
      "decode",
      "nodes",
      "ping",
      "epoch",
      "clock",
      "get <name>",
      "version",
      "quit",
    ]
    for (const word of all) expect(help).toContain(word)
    expect(help).toStartWith("Firn gives out unique 64-bit ids.")
  })

  test("in capitals they mean the same", () => {
    const [id, pong, close] = say("LUNIQUE\nPing\nDUNIQUE RANDOM\n")
    expect(id).toMatch(/^[0-9]+$/)
    expect(pong).toBe(PONG)
    expect(close).toMatch(/^[0-9]+$/)
  })

  test("nodes: this one and the others, version: of the package", () => {
    expect(say("nodes\nversion\n")).toEqual([
      "7  this node       up",
      "1  127.0.0.1:6455  up",
      "2  127.0.0.1:6456  down  nothing listens there",
      `VERSION ${version} firn\r`,
    ])
  })

  test("status: the JSON of GET /nodes, in one line", () => {
    const [status, ...others] = say("STATUS\nversion\n")
    expect(others).toHaveLength(1)
    expect(parseNodeStatus(JSON.parse(status!))).toMatchObject({ node: 7, peers: [{}, {}] })
  })

  test("dunique key hashes the UTF-8 bytes of the key", () => {
    const client = new FakeClient()
    const asked = keysAskedOf(client.server)
    client.send("dunique key grün-日本語\n")
    expect(asked).toEqual([keyHash("grün-日本語")])
  })
})

describe("what is wrong is said in one line", () => {
  test.each([
    ["lunique 0", 'count "0" is not a whole number from 1 to 4096'],
    ["lunique 4097", 'count "4097" is not a whole number from 1 to 4096'],
    ["lunique -1", 'count "-1" is not a whole number from 1 to 4096'],
    ["lunique 1.5", 'count "1.5" is not a whole number from 1 to 4096'],
    ["lunique 0x10", 'count "0x10" is not a whole number from 1 to 4096'],
    ["lunique 1 2", '"2" is one word too many'],
    ["dunique random 1 2", '"2" is one word too many'],
    ["dunique elsewhere", 'count "elsewhere" is not a whole number from 1 to 4096'],
    [
      "dunique key:",
      '"key:" is no target: it is random, a node id such as 7 or node:7, or key:TEXT',
    ],
    [
      "dunique node:x 2",
      '"node:x" is no target: it is random, a node id such as 7 or node:7, or key:TEXT',
    ],
    ["dunique node", 'node takes an id from 0 to 1023, not ""'],
    ["dunique node -1", 'node takes an id from 0 to 1023, not "-1"'],
    ["dunique node x", 'node takes an id from 0 to 1023, not "x"'],
    ["dunique key", "key takes a text without spaces"],
    ["decode", "decode takes one id"],
    ["decode 1 2", "decode takes one id"],
    ["decode 18446744073709551616", "is not an id: a whole decimal number from 0 to 2^64-1"],
    ["decode -1", "is not an id: a whole decimal number from 0 to 2^64-1"],
    ["ping 1", '"1" is one word too many'],
    ["clock now", '"now" is one word too many'],
    [" ", "empty line; try help"],
  ])("%s", (command, what) => {
    const [answer, pong, ...more] = say(`${command}\nping\n`)
    expect(answer).toStartWith("ERR BAD_REQUEST ")
    expect(answer).toEndWith(what)
    expect([pong, more]).toEqual([PONG, []])
  })

  test("when the node is not in the cluster", () => {
    expect(say("dunique node 8\ndunique node 1024\n")).toEqual([
      "ERR UNKNOWN_NODE node 8 is not in this cluster",
      "ERR UNKNOWN_NODE node 1024 is not in this cluster",
    ])
  })

  test("when the clock is behind", () => {
    const environment = new VirtualEnvironment()
    const store = new MemoryStore(environment, SOME_TIME + 15_001)
    const client = new FakeClient(new FakeServer(new VirtualNode({ environment, store })))
    client.send("lunique\nping\n")
    expect(lines(client)).toEqual([
      "ERR CLOCK_BEHIND the node's clock is behind its last id: ids are back in 5000 ms",
      PONG,
    ])
  })

  test("without what could garble a terminal", () => {
    const hostile = ["a\x1b[2J\x07\x00", "lunique \x1b[2J", "ping \x1b[2J", "dunique node \x1b[2J"]
    for (const command of [...hostile, "decode \x1b[2J", "lunique 1 \xff"]) {
      const [answer, pong] = say(
        Uint8Array.from(`${command}\nping\n`, (letter) => letter.charCodeAt(0)),
      )
      expect(answer).toMatch(/^ERR BAD_REQUEST \P{Cc}+$/u)
      expect(pong).toBe(PONG)
    }
  })
})
