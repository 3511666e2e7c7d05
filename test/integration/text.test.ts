import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, decodeId } from "../../protocol/index.ts"
import { Dialogue, run } from "../support/command.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { shareNode } from "../support/shared-node.ts"
import { expectIncreasing } from "../support/ids.ts"
import { splitAddress } from "../support/tcp-client.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

const NODE_ID = 7

/** One line, and nothing in it that a terminal would act upon. */
const BAD_REQUEST_LINE = /^ERR BAD_REQUEST \P{Cc}+\n$/u

let node: RunningNode
shareNode(NODE_ID, (started) => (node = started))

function target(): string[] {
  const { hostname, port } = splitAddress(node.tcp)
  return [hostname, `${port}`]
}

/** What the node answers to `input`, by the real nc, which closes its side after it. */
async function netcat(input: string | Uint8Array): Promise<string> {
  const { exitCode, stdout, stderr } = await run(["nc", "-N", ...target()], input)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  return stdout
}

function idsOf(text: string): bigint[] {
  expect(text).toMatch(/^([0-9]+\n)+$/)
  const ids = text.trim().split("\n").map(BigInt)
  expect(ids.map((id) => decodeId(id).node)).toEqual(Array(ids.length).fill(NODE_ID))
  expectIncreasing(ids)
  return ids
}

describe("nc gets", () => {
  const withNc = testWith("nc")

  withNc.each([
    ["lunique", 1],
    ["lunique 1", 1],
    ["lunique 3", 3],
    ["lunique 4096", 4096],
    ["  lunique   2  ", 2],
    ["dunique", 1],
    ["dunique 2", 2],
    ["dunique random", 1],
    ["dunique random 2", 2],
    [`dunique node ${NODE_ID}`, 1],
    [`dunique node ${NODE_ID} 2`, 2],
    ["dunique key user:42", 1],
    ["dunique key user:42 2", 2],
    ["dunique key schlüssel-鍵 2", 2],
    ["dunique key 17", 1],
  ])("ids for %p", async (line, count) => {
    for (const ending of ["\n", "\r\n", ""]) {
      const ids = idsOf(await netcat(line + ending))
      expect(ids).toHaveLength(count)
      expect(ids.at(-1)).toBe(ids[0]! + BigInt(count - 1))
    }
  })

  withNc("the values of ping, epoch and clock", async () => {
    const [ping, again, epoch, clock] = (await netcat("ping\nping\nepoch\nclock\n")).split("\n")
    expect(BigInt(ping!) >> 48n).toBe(BigInt(NODE_ID))
    expect(again).toBe(ping)
    expect(epoch).toBe(`${DEFAULT_EPOCH_MS}`)
    expect(Math.abs(Number(clock) - Date.now())).toBeLessThan(10_000)
  })

  withNc("an id taken apart", async () => {
    const answer = await netcat("decode 83901585456918570\ndecode 0\ndecode 18446744073709551615\n")
    expect(answer).toBe(
      "time 2026-08-20T12:34:56.789Z node 7 sequence 42\n" +
        "time 2026-01-01T00:00:00.000Z node 0 sequence 0\n" +
        "time 2165-05-15T07:35:11.103Z node 1023 sequence 4095\n",
    )
  })

  withNc("every command named by help", async () => {
    const help = await netcat("help\n")
    for (const command of [
      "lunique",
      "dunique",
      "decode",
      "ping",
      "epoch",
      "clock",
      "help",
      "quit",
    ]) {
      expect(help).toContain(command)
    }
  })

  withNc.each([
    "lunique 0",
    "lunique 4097",
    "lunique -1",
    "lunique 1e3",
    "lunique x",
    "lunique 1 2",
    "dunique elsewhere",
    "dunique random x",
    "dunique node",
    "dunique node x",
    `dunique node ${NODE_ID} 1 2`,
    "dunique key",
    "dunique key a 0",
    "dunique key a b c",
    "decode",
    "decode x",
    "decode 18446744073709551616",
    "decode 1 2",
    "ping 1",
    "epoch now",
    "hello",
    "   ",
  ])("one line that begins with ERR BAD_REQUEST for %p", async (line) => {
    for (const ending of ["\n", "\r\n", ""]) {
      expect(await netcat(line + ending)).toMatch(BAD_REQUEST_LINE)
    }
  })

  withNc.each([257, 300, 100_000])(
    "one line that begins with ERR BAD_REQUEST for a line of %d bytes",
    async (length) => {
      for (const ending of ["\n", "\r\n", ""]) {
        expect(await netcat("x".repeat(length) + ending)).toMatch(BAD_REQUEST_LINE)
      }
    },
  )

  withNc.each(["dunique node 8", "dunique node 1023 2"])(
    "one line that begins with ERR UNKNOWN_NODE for %p",
    async (line) => {
      expect(await netcat(`${line}\n`)).toMatch(/^ERR UNKNOWN_NODE [ -~]+\n$/)
    },
  )

  withNc("nothing back that could garble its terminal", async () => {
    for (const line of [
      "x\x1b[2J",
      "lunique \x1b[2J",
      "decode \x07",
      "ping \0",
      "dunique node \x9b",
    ]) {
      expect(await netcat(`${line}\n`)).toMatch(BAD_REQUEST_LINE)
    }
  })

  withNc("answers to all lines in their order, good and bad, up to quit", async () => {
    const long = "y".repeat(300)
    const answer = await netcat(`epoch\nnonsense\n${long}\n\nepoch\nlunique 2\nquit\nepoch\n`)
    const [epoch, unknown, tooLong, empty, epochAgain, ...ids] = answer.split("\n")
    expect(epoch).toBe(`${DEFAULT_EPOCH_MS}`)
    expect(unknown).toContain('"nonsense"')
    expect(tooLong).toStartWith("ERR BAD_REQUEST")
    expect(tooLong).toContain("256")
    expect(empty).toStartWith("ERR BAD_REQUEST")
    expect(epochAgain).toBe(`${DEFAULT_EPOCH_MS}`)
    expect(idsOf(ids.join("\n"))).toHaveLength(2)
  })

  withNc("a line of exactly 256 bytes taken as a command", async () => {
    const line = `lunique${" ".repeat(248)}2`
    expect(line).toHaveLength(256)
    expect(idsOf(await netcat(`${line}\n`))).toHaveLength(2)
    expect(idsOf(await netcat(`${line}\r\n`))).toHaveLength(2)
    expect(await netcat(`${line.replace(" ", "  ")}\n`)).toStartWith("ERR BAD_REQUEST")
  })

  withNc("more ids than the limit of a millisecond, all of them", async () => {
    expect(idsOf(await netcat("lunique 4096\n".repeat(50)))).toHaveLength(50 * 4096)
  })

  withNc("nothing for quit, and the connection closes", async () => {
    // Without -N: it is the node that ends this.
    for (const input of ["quit\n", "quit\r\n", "quit\nlunique\n"]) {
      expect((await run(["nc", ...target()], input)).stdout).toBe("")
    }
  })
})

describe("telnet", () => {
  testWith("telnet")("serves somebody who types at a terminal", async () => {
    await using telnet = new Dialogue(["telnet", ...target()])
    await telnet.waitFor(/Escape character/)
    telnet.type("lunique\r")
    const [id] = await telnet.waitFor(/^[0-9]{10,}(?=\r?$)/m)
    expect(decodeId(id).node).toBe(NODE_ID)
    telnet.type("dunique key user:42 2\r")
    await telnet.waitFor(/^([0-9]{10,}\r?\n){2}/m)
    telnet.type("what\r")
    await telnet.waitFor(/^ERR BAD_REQUEST unknown command "what"/m)
    // Ctrl-C waits for an answer to a command of TELNET, or nothing is shown any more.
    telnet.type("\x03")
    telnet.type("\rNODES\r")
    await telnet.waitFor(/^7 +this node +up/m)
    telnet.type("quit\r")
    await telnet.waitFor(/Connection closed by foreign host/)
    await telnet.end()
  })
})

test("the log of a node names no client that only said what it liked", () => {
  expect(node.log.filter(({ level }) => level >= 40)).toEqual([])
})
