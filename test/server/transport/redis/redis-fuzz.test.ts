import { expect, setDefaultTimeout, test } from "bun:test"
import { REDIS_ARGS_MAX, REDIS_ARG_SIZE_MAX } from "../../../../protocol/index.ts"
import { FakeClient, FakeServer } from "../../../support/fake-client.ts"
import { Random } from "../../../simulation/random.ts"

setDefaultTimeout(120_000)

const INPUTS = 1_000_000
/** Inputs that come one after the other on a connection, unless it is closed before. */
const INPUTS_PER_CONNECTION = 20
const SEED = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32))

const WORDS = (
  "GET MGET INCR INCRBY FIRN.IDS FIRN.DECODE PING ECHO TIME HELLO INFO CLIENT COMMAND CONFIG SELECT " +
  "RESET AUTH SET DECR local random node:7 node:9 key:a key: orders 0 1 2 3 4096 4097 -1 " +
  "9223372036854775807 9223372036854775808 SETINFO SETNAME GETNAME ID REPLY ON default server"
).split(" ")
const SPOILERS = ["*", "$", "\r\n", "\r", "\n", "-1", "0", "*1\r\n", "$-1\r\n", "\0", "é", "*0\r\n"]

/** A command, most often a right one, at times with something wrong in it. */
function inputOf(random: Random): string {
  const words = Array.from({ length: random.whole(1, 4) }, () => random.pick(WORDS))
  const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`)
  const input = `*${words.length}\r\n${bulks.join("")}`
  if (random.chance(15 / 16)) return input
  const at = random.whole(0, input.length - 1)
  const spoiler = random.pick(SPOILERS)
  const end = at + random.whole(0, 2)
  return input.slice(0, at) + spoiler + input.slice(end)
}

/** The commands in a text and whether it breaks off or is wrong: the protocol, read as naively as can be. */
function commandsIn(text: string): { commands: string[][]; isWrong: boolean } {
  const commands: string[][] = []
  let rest = text
  for (;;) {
    rest = rest.replace(/^(\r?\n)+/, "")
    if (rest === "" || rest === "\r") return { commands, isWrong: false }
    const head = /^\*(-1|\d{1,16})\r\n/.exec(rest)
    const count = Number(head?.[1])
    if (head === null || count > REDIS_ARGS_MAX) {
      return { commands, isWrong: !/^\*(-?|-1|\d{1,16})\r?$/.test(rest) }
    }
    let left = rest.slice(head[0].length)
    const command: string[] = []
    while (command.length < count) {
      const size = /^\$(\d{1,16})\r\n/.exec(left)
      if (size === null || Number(size[1]) > REDIS_ARG_SIZE_MAX) {
        return { commands, isWrong: left !== "" && !/^\$(-?|-1|\d{1,16})\r?$/.test(left) }
      }
      const start = size[0].length
      const end = start + Number(size[1])
      if (left.length < end + 2) return { commands, isWrong: false }
      if (left.slice(end, end + 2) !== "\r\n") return { commands, isWrong: true }
      command.push(left.slice(start, end))
      left = left.slice(end + 2)
    }
    if (command.length > 0) commands.push(command)
    rest = left
  }
}

/** How many whole replies a text has. @throws Error when it is something else */
function repliesIn(text: string): number {
  let replies = 0
  let at = 0
  const skip = (): void => {
    const end = text.indexOf("\r\n", at)
    if (end < 0) throw new Error(`no end: ${JSON.stringify(text.slice(at))}`)
    const [kind, line] = [text[at], text.slice(at + 1, end)]
    at = end + 2
    if (kind === "+" || kind === "-" || kind === "_") return
    if (!/^-?\d+$/.test(line)) throw new Error(`no number: ${kind}${line}`)
    const size = Number(line)
    if (kind === ":") return
    if (kind === "$" && size === -1) return
    if (kind === "$") {
      if (text.slice(at + size, at + size + 2) !== "\r\n") throw new Error("a bulk of wrong size")
      at += size + 2
      return
    }
    if (kind !== "*" && kind !== "%") throw new Error(`no reply begins with ${kind}`)
    for (let i = 0; i < (kind === "%" ? 2 * size : size); i++) skip()
  }
  for (; at < text.length; replies++) skip()
  return replies
}

test(`a million random inputs get an answer each, or one end (FUZZ_SEED=${SEED})`, () => {
  const random = new Random(SEED)
  const server = new FakeServer()
  let [connections, closed, answered] = [0, 0, 0]
  let heapBefore: number | undefined
  // What stands behind the end of a connection is not counted.
  while (answered < INPUTS) {
    if (answered > INPUTS / 10) heapBefore ??= heapSize()
    const client = new FakeClient(server)
    const inputs = Array.from({ length: INPUTS_PER_CONNECTION }, () => inputOf(random))
    // What a connection speaks is chosen by its first byte.
    const text = `*1\r\n$4\r\nPING\r\n${inputs.join("")}`
    const bytes = Buffer.from(text, "latin1")
    for (let at = 0; at < bytes.length && !isClosed(client);) {
      const end = at + random.whole(1, 120)
      while (client.paused) server.node.environment.advance(1)
      client.connection.data(new Uint8Array(bytes.subarray(at, end)))
      server.node.environment.advance(1)
      at = end
    }
    server.node.environment.advance(10)
    const { commands, isWrong } = commandsIn(bytes.toString("latin1"))
    const output = Buffer.from(client.bytes).toString("latin1")
    const replies = repliesIn(output)
    if (
      replies !== commands.length + (isWrong ? 1 : 0) ||
      isWrong !== /-ERR Protocol/.test(output)
    ) {
      expect({ text, output, replies }).toEqual({ text, output, replies: commands.length })
    }
    expect(isClosed(client)).toBe(isWrong)
    connections++
    if (isWrong) closed++
    answered += replies
  }
  // Both kinds were there in numbers.
  expect(closed).toBeWithin(connections / 10, connections * 0.9)
  expect(heapSize() - heapBefore!).toBeLessThan(16 * 1024 * 1024)
})

function isClosed(client: FakeClient): boolean {
  return client.calls.includes("shutdown")
}

function heapSize(): number {
  Bun.gc(true)
  return process.memoryUsage().heapUsed
}
