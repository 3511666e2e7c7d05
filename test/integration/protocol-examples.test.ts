import { expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import {
  DEFAULT_EPOCH_MS,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  decodeId,
  idUnixMs,
  requestCount,
  requestOp,
  responseStatus,
  responseValue,
} from "../../protocol/index.ts"
import { runBash } from "../support/command.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { shareNode } from "../support/shared-node.ts"
import { splitAddress } from "../support/tcp-client.ts"
import type { Answer } from "../support/tcp-client.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

const PAGE = readFileSync(join(import.meta.dir, "../../protocol/README.md"), "utf8")

/** The node whose answers the page shows. */
const NODE_ID = 7
const ADDRESS_ON_PAGE = "127.0.0.1 6454"

/** Every `printf … | nc … | xxd` of the page with the output that stands below it. */
const EXAMPLES = [...PAGE.matchAll(/```sh\n(printf [^\n]+)\n```\n\n```text\n([^`]+)```/g)].map(
  ([, command, output]) => ({ command: command!, output: output! }),
)

let node: RunningNode
shareNode(NODE_ID, (started) => (node = started))

async function paste(command: string): Promise<string> {
  expect(command).toContain(ADDRESS_ON_PAGE)
  const { hostname, port } = splitAddress(node.tcp)
  const here = command.replace(ADDRESS_ON_PAGE, `${hostname} ${port}`)
  const { exitCode, stdout, stderr } = await runBash(here)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  return stdout
}

/** The bytes that the hex column of an xxd dump shows. */
function bytesOf(dump: string): Uint8Array {
  const columns = dump
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(10, 49).replaceAll(" ", ""))
  return Uint8Array.fromHex(columns.join(""))
}

function answersOf(dump: string): Answer[] {
  const bytes = bytesOf(dump)
  expect(bytes.length % RESPONSE_SIZE).toBe(0)
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / RESPONSE_SIZE }, (_, i) => ({
    status: responseStatus(view, i * RESPONSE_SIZE),
    value: responseValue(view, i * RESPONSE_SIZE),
  }))
}

function requestsOf(command: string): { op: number; count: number }[] {
  const text = /'((?:\\x[0-9a-f]{2})+)'/.exec(command)![1]!
  const bytes = Uint8Array.fromHex(text.replaceAll("\\x", ""))
  expect(bytes.length % REQUEST_SIZE).toBe(0)
  return Array.from({ length: bytes.length / REQUEST_SIZE }, (_, i) => ({
    op: requestOp(bytes, i * REQUEST_SIZE),
    count: requestCount(bytes, i * REQUEST_SIZE),
  }))
}

/** Expects `here` to say of this node and moment what `shown` says of those of the page. */
function expectAlike(op: number, count: number, here: Answer, shown: Answer): void {
  expect(here.status).toBe(shown.status)
  if (here.status !== Status.OK || op === Op.EPOCH) {
    expect(here.value).toBe(shown.value)
  } else if (op === Op.PING) {
    expect(here.value >> 48n).toBe(shown.value >> 48n)
  } else if (op === Op.CLOCK) {
    expect(Math.abs(Number(here.value) - Date.now())).toBeLessThan(10_000)
  } else {
    const id = decodeId(here.value)
    expect(id.node).toBe(decodeId(shown.value).node)
    expect(id.sequence + count).toBeLessThanOrEqual(4096)
    expect(Math.abs(idUnixMs(id.time, DEFAULT_EPOCH_MS) - Date.now())).toBeLessThan(10_000)
  }
}

test("the page has an example for each thing it explains", () => {
  const ops = EXAMPLES.flatMap(({ command }) => requestsOf(command).map(({ op }) => op))
  expect(new Set(ops)).toEqual(new Set([1, 2, 5, 6, 7, 0xee]))
  // None was missed for being written in another way.
  expect(EXAMPLES).toHaveLength(PAGE.match(/\| xxd$/gm)!.length)
})

testWith("bash", "nc", "xxd").each(EXAMPLES.map(({ command, output }) => [command, output]))(
  "%s",
  async (command, output) => {
    const dump = await paste(command)
    const shown = answersOf(output)
    const here = answersOf(dump)
    const requests = requestsOf(command)
    expect(shown).toHaveLength(requests.length)
    expect(here).toHaveLength(requests.length)
    for (const [i, { op, count }] of requests.entries()) {
      expectAlike(op, count, here[i]!, shown[i]!)
    }
  },
)

testWith("bash", "nc")("the example with text lines prints the two ids it promises", async () => {
  const command = /`(echo "[^`]+)` prints two ids/.exec(PAGE)![1]!
  expect(await paste(command)).toMatch(/^[0-9]+\n[0-9]+\n$/)
})

testWith("bash")("the shell arithmetic takes the id apart as its comment says", async () => {
  const [, script, comment] = /```sh\n(id=[^#]+) # ([^\n]+)\n```/.exec(PAGE)!
  expect((await runBash(script!)).stdout).toBe(`${comment}\n`)
})
