import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdirSync, readFileSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import manifest from "../../client-sdk/package.json"
import { run } from "../support/command.ts"
import { RunningNode } from "../support/firn-process.ts"
import { InstalledClient, tool } from "../support/installed-client.ts"
import { ROOT } from "../support/paths.ts"
import { TempDir } from "../support/temp-dir.ts"
import { isToolThere, testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const README = readFileSync(join(ROOT, "client-sdk/README.md"), "utf8")
const MAIN_README = readFileSync(join(ROOT, "README.md"), "utf8")
/** What the snippets connect to; some name a second node as well. */
const SERVER = "127.0.0.1:6454"
const OTHER_SERVER = "127.0.0.1:6455"
/** What a user has to have set. */
const TYPES = { module: "NodeNext", target: "ES2022", lib: ["ESNext", "DOM"], types: [] }

const REQUIRED = `
const { FirnClient, FirnError, decodeId } = require("firn-client")
const client = new FirnClient({ servers: ["${SERVER}"] })
client.id().then((id) => {
  console.log(typeof id, decodeId(id).node, decodeId(id).time === require("firn-client/id").decodeId(id).time)
  return client.close()
})
`

/** The code blocks of a page in these languages. */
function snippets(page: string, ...languages: string[]): { name: string; code: string }[] {
  const blocks = page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...blocks]
    .filter(([, language]) => languages.includes(language!))
    .map(([, , code], i) => ({ name: `${i + 1}: ${code!.split("\n").at(-2)}`, code: code! }))
}

const resources = new AsyncDisposableStack()
let client: InstalledClient
let node: RunningNode

beforeAll(async () => {
  if (!isToolThere("node")) return
  client = resources.use(await InstalledClient.create())
  const dir = resources.use(new TempDir())
  node = resources.use(await RunningNode.start(dir.path, ["--node-id", "0"]))
})
afterAll(() => resources.disposeAsync())

/** Names the running node wherever a snippet names one. */
function localize(code: string): string {
  const sameNode = node.tcp.replace("127.0.0.1", "localhost")
  return code.replaceAll(OTHER_SERVER, sameNode).replaceAll(SERVER, node.tcp)
}

/** Runs a program in the project; expects it to end well and to print something. */
async function expectRuns(environment: string, file: string, code: string): Promise<void> {
  const path = client.write(file, localize(code))
  const { exitCode, stdout, stderr } = await run([environment, path])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  expect(stdout).not.toBe("")
}

describe("the packed client", () => {
  testWith("node")("has its code, its types, a licence and no dependencies", () => {
    const installed = JSON.parse(readFileSync(client.at("package.json"), "utf8")) as object
    expect(Object.keys(installed)).not.toContain("dependencies")
    expect(readFileSync(client.at("LICENSE"), "utf8")).toContain("MIT License")
    expect(readFileSync(client.at("README.md"), "utf8")).toBe(README)
    const files = readdirSync(client.at("dist")).filter((name) => name.endsWith(".js"))
    const code = files.map((name) => readFileSync(client.at("dist", name), "utf8")).join("\n")
    const imports = [...code.matchAll(/ from "([^"]+)"/g)].map(([, name]) => name!)
    const outside = imports.filter((name) => !name.startsWith("./"))
    expect(new Set(outside)).toEqual(
      new Set(["node:net", "node:tls", "node:dns", "node:diagnostics_channel"]),
    )
  })

  testWith("node")(
    "is found to be in order by publint and attw, for ESM and CommonJS",
    async () => {
      const publint = await run([tool("publint"), "--strict", client.tarball])
      expect(publint.stdout).toContain("All good!")
      const attw = await run([tool("attw"), client.tarball])
      expect({ exitCode: attw.exitCode, stderr: attw.stderr }).toEqual({ exitCode: 0, stderr: "" })
      expect(attw.stdout).toContain("No problems found")
    },
  )

  testWith("node")("is there for require() as well, with the same names", async () => {
    const path = client.write("required.cjs", localize(REQUIRED))
    expect(await run(["node", path])).toMatchObject({ exitCode: 0, stdout: "bigint 0 true\n" })
    const names = client.write(
      "names.mjs",
      'console.log(Object.keys(await import("firn-client")).join())',
    )
    const required = client.write(
      "names.cjs",
      'console.log(Object.keys(require("firn-client")).sort().join())',
    )
    const [one, other] = await Promise.all([run(["node", names]), run(["node", required])])
    expect(other.stdout).toBe(one.stdout)
    expect(one.stdout).toContain("FirnClient,FirnError,")
  })

  testWith("node")(
    "has a client for tests, of the same classes, for ESM and CommonJS",
    async () => {
      const use = (load: string): string => `
      const { FirnClient, FirnError } = ${load}("firn-client")
      const { createTestClient, TestServer } = ${load}("firn-client/testing")
      const server = new TestServer()
      const client = createTestClient({ servers: server, retry: { triesMax: 1 } })
      console.log(client instanceof FirnClient, typeof (await client.id()))
      server.refuse("NOT_READY")
      await client.id().catch((error) => console.log(error instanceof FirnError, error.code))
      await client.close()
    `
      const paths = [
        client.write("testing.mjs", use("await import")),
        client.write("testing.cjs", `async function main() {${use("require")}}\nvoid main()`),
      ]
      for (const path of paths) {
        const stdout = "true bigint\ntrue NOT_READY\n"
        expect(await run(["node", path])).toMatchObject({ exitCode: 0, stdout, stderr: "" })
      }
    },
  )

  testWith("node")("has types that hold in a project of CommonJS", async () => {
    mkdirSync(client.at("..", "..", "cjs"), { recursive: true })
    client.write("cjs/package.json", "{}")
    client.write(
      "cjs/index.ts",
      'import { FirnClient } from "firn-client"\nimport { decodeId } from "firn-client/id"\n' +
        'export const client = new FirnClient({ servers: "h" })\n' +
        'export const node: number = decodeId("5").node\n',
    )
    const compilerOptions = { ...TYPES, module: "node16", strict: true, noEmit: true }
    const config = { compilerOptions, files: ["index.ts"] }
    const path = client.write("cjs/tsconfig.json", JSON.stringify(config))
    const { exitCode, stdout } = await run([tool("tsc"), "-p", path])
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" })
  })

  testWith("node")("has what can be told of an id alone, for browsers too", async () => {
    const entry = client.write("browser.js", 'export * from "firn-client/id"')
    const built = await Bun.build({ entrypoints: [entry], target: "browser" })
    const code = await built.outputs[0]!.text()
    expect(code).not.toMatch(/\bimport\b|\brequire\b|"node:/)
    const { decodeId } = (await import(
      client.at("dist", "id.js")
    )) as typeof import("../../client-sdk/id.ts")
    expect(decodeId("118627117654081791")).toEqual({
      time: 28_282_908_834,
      node: 0,
      sequence: 255,
    })
  })

  testWith("node")(
    "has types that hold in a strict project, its own declarations too",
    async () => {
      const files = [...snippets(README, "ts", "js"), ...snippets(MAIN_README, "ts")].map(
        ({ code }, i) => {
          client.write(`typed-${i}.ts`, `${code}\nexport {}\n`)
          return `typed-${i}.ts`
        },
      )
      expect(files.length).toBeGreaterThan(5)
      const compilerOptions = { ...TYPES, strict: true, noEmit: true, skipLibCheck: false }
      const path = client.write("tsconfig.json", JSON.stringify({ compilerOptions, files }))
      const { exitCode, stdout } = await run([tool("tsc"), "-p", path])
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" })
    },
  )

  testWith("node")("has types that find a call of the wrong form", async () => {
    client.write(
      "wrong.ts",
      'import { FirnClient } from "firn-client"\n' +
        'const client = new FirnClient({ servers: ["127.0.0.1:1"] })\n' +
        'const id: number = await client.id({ node: "3" })\nexport { id }\n',
    )
    const options = {
      compilerOptions: { ...TYPES, strict: true, noEmit: true },
      files: ["wrong.ts"],
    }
    const path = client.write("tsconfig.wrong.json", JSON.stringify(options))
    const { exitCode, stdout } = await run([tool("tsc"), "-p", path])
    expect(exitCode).not.toBe(0)
    expect(stdout.match(/error TS/g)).toHaveLength(2)
  })

  test("is of the same version as the server", async () => {
    const server = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as typeof manifest
    expect(manifest.version).toBe(server.version)
  })
})

describe("a snippet of the README in JavaScript", () => {
  test("is there", () => {
    expect(snippets(README, "js").length).toBeGreaterThan(4)
  })

  const rows = snippets(README, "js").map(({ name, code }) => [name, code] as const)
  testWith("node").each(rows)("runs under Node: %s", async (_, code) => {
    await expectRuns("node", "snippet.js", code)
  })

  testWith("node").each(rows)("runs under Bun: %s", async (_, code) => {
    await expectRuns(process.execPath, "snippet.js", code)
  })
})

describe("a snippet of the README in TypeScript", () => {
  const pages = [...snippets(README, "ts"), ...snippets(MAIN_README, "ts")]
  const rows = pages.map(({ name, code }) => [name, code] as const)
  testWith("node").each(rows)("runs under Bun: %s", async (_, code) => {
    await expectRuns(process.execPath, "snippet.ts", code)
  })
})

describe("an example of the README", () => {
  const lines = snippets(README, "sh").flatMap(({ code }) => code.trim().split("\n"))
  const outputs: Record<string, RegExp> = {
    "drizzle.ts": /^1000 orders with ids of node 0\n$/,
    "kysely.ts": /^1000 orders with ids of node 0\n$/,
    "batch-insert.ts": /^10000 orders of the last second\nthe newest is \d+, of node 0 at \S+Z\n$/,
  }

  test("is there for each file", () => {
    const files = readdirSync(join(ROOT, "client-sdk/examples"))
    expect(lines.map((line) => basename(line.split(" ")[2]!)).toSorted()).toEqual(files.toSorted())
  })

  test.each(lines)("finds what it inserts: %s", async (line) => {
    expect(line).toMatch(/^npx bun client-sdk\/examples\/\S+ 127\.0\.0\.1:6454$/)
    const [file, ...rest] = localize(line).split(" ").slice(2)
    const { exitCode, stdout, stderr } = await run([process.execPath, join(ROOT, file!), ...rest])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toMatch(outputs[basename(file!)]!)
  })
})
