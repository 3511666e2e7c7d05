/* The clients that protocol/README.md has for those who have no other: each does what the page says. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Op, decodeId, keyHash } from "../../protocol/index.ts"
import vectors from "../../protocol/vectors.json"
import { expectDistinct } from "../support/ids.ts"
import { LineProgram } from "../support/line-program.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ROOT } from "../support/paths.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"
import type { ToolName } from "../support/tools.ts"

setDefaultTimeout(120_000)

const FIXTURES = join(ROOT, "test/fixtures/small-clients")
const LINES_MAX = 60
const PAGE = readFileSync(join(ROOT, "protocol/README.md"), "utf8")

interface Language {
  /** Of the block of code on the page. */
  readonly fence: string
  readonly needs: ToolName[]
  /** Where the client is written to, and what goes beside it. */
  readonly file: string
  readonly beside: Readonly<Record<string, string>>
  readonly command: readonly string[]
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  Python: {
    fence: "python",
    needs: ["python3"],
    file: "firn.py",
    beside: { "driver.py": "driver.py" },
    command: ["python3", "driver.py"],
  },
  Go: {
    fence: "go",
    needs: ["go"],
    file: "firn/firn.go",
    beside: { "go/main.go": "main.go" },
    command: ["go", "run", "."],
  },
  bash: {
    fence: "bash",
    needs: ["bash"],
    file: "firn.sh",
    beside: { "driver.sh": "driver.sh" },
    command: ["bash", "driver.sh"],
  },
}

const resources = new AsyncDisposableStack()
let cluster: NodeCluster

beforeAll(async () => {
  cluster = resources.use(await NodeCluster.start(2))
})
afterAll(() => resources.disposeAsync())

function codeOf(fence: string): string {
  const blocks = [...PAGE.matchAll(new RegExp(`\`\`\`${fence}\n([^]*?)\`\`\``, "g"))]
  expect(blocks).toHaveLength(1)
  return blocks[0]![1]!
}

/** The client of the page with a program around it, which answers a line for each line. */
function start({ fence, file, beside, command }: Language, dir: TempDir): LineProgram {
  mkdirSync(join(dir.at(file), ".."), { recursive: true })
  writeFileSync(dir.at(file), codeOf(fence))
  for (const [from, to] of Object.entries(beside)) {
    copyFileSync(join(FIXTURES, from), dir.at(to))
  }
  writeFileSync(dir.at("go.mod"), "module firn.test\n\ngo 1.19\n")
  return new LineProgram([...command, ...cluster.addresses], dir.path)
}

describe.each(Object.entries(LANGUAGES))("the client in %s", (_name, language) => {
  const { fence, needs } = language

  test(`has at most ${LINES_MAX} lines`, () => {
    expect(codeOf(fence).trimEnd().split("\n").length).toBeLessThanOrEqual(LINES_MAX)
  })

  testWith(...needs)("agrees with the vectors", async () => {
    using dir = new TempDir()
    await using program = start(language, dir)
    for (const { hex, op, flags, count, target } of vectors.requests) {
      const number = typeof op === "number" ? op : Op[op as keyof typeof Op]
      expect(await program.ask(`encode ${number} ${flags} ${count} ${target}`)).toBe(hex)
    }
    for (const { hex, status, value } of vectors.responses) {
      expect(await program.ask(`response ${hex}`)).toBe(`${status} ${value}`)
    }
    for (const { decimal, time, node, sequence } of vectors.ids) {
      expect(await program.ask(`id ${decimal}`)).toBe(`${time} ${node} ${sequence}`)
    }
    for (const { utf8, hash } of vectors.keyHashes) {
      expect(await program.ask(`hash ${utf8}`)).toBe(`${hash}`)
    }
  })

  testWith(...needs)("gets ids, pipelines, and goes on at another node", async () => {
    using dir = new TempDir()
    await using program = start(language, dir)
    const blocks = async (n: number, op: number, count: number, target: number) => {
      return (await program.ask(`blocks ${n} ${op} ${count} ${target}`)).split(" ").map(BigInt)
    }
    const nodesOf = (ids: readonly bigint[]): number[] => ids.map((id) => decodeId(id).node)
    const many = await blocks(1_000, Op.LOCAL, 1, 0)
    expect(many).toHaveLength(1_000)
    expect(new Set(nodesOf(many))).toEqual(new Set([0]))
    const firsts = await blocks(3, Op.LOCAL, 4_096, 0)
    const whole = firsts.flatMap((id) => Array.from({ length: 4_096 }, (_, i) => id + BigInt(i)))
    expectDistinct([many, whole])
    expect(nodesOf(await blocks(2, Op.NODE, 1, 1))).toEqual([1, 1])
    const owners = nodesOf(await blocks(2, Op.KEY, 1, keyHash("a")))
    expect(new Set(owners).size).toBe(1)

    expect(await program.ask("blocks 2 2 1 9")).toMatch(/^error UNKNOWN_NODE/)
    expect(await program.ask("blocks 1 1 4097 0")).toMatch(/^error BAD_REQUEST/)
    expect(await blocks(1, Op.LOCAL, 1, 0)).toHaveLength(1)

    // Whoever it is connected to: all others are asked after it.
    await cluster.kill(0)
    const after = await blocks(10, Op.LOCAL, 1, 0)
    expect(new Set(nodesOf(after))).toEqual(new Set([1]))
    expectDistinct([many, whole, after])
    await cluster.restart(0)
    await cluster.kill(1)
    expect(new Set(nodesOf(await blocks(10, Op.LOCAL, 1, 0)))).toEqual(new Set([0]))
    await cluster.restart(1)
  })
})

testWith("python3")("the client in Python asks for as many ids as are wanted", async () => {
  using dir = new TempDir()
  await using program = start(LANGUAGES["Python"]!, dir)
  const ids = (await program.ask("ids 10000")).split(" ").map(BigInt)
  expect(ids).toHaveLength(10_000)
  expectDistinct([ids])
})
