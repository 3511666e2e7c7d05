/*
 * Holds the project to its layout: which room may import from which, and what lies where.
 * CONTRIBUTING.md says why the rooms are cut as they are.
 */
import { describe, expect, test } from "bun:test"
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { usesBunGlobal } from "./support/imports.ts"
import { ROOT, filesOf } from "./support/paths.ts"
import { importCycles, readSources } from "./support/project.ts"
import type { Import, Source } from "./support/project.ts"

const CODE_FOLDERS = ["protocol", "client-sdk", "server", "test", "bench"]
const FOLDERS = [...CODE_FOLDERS, "docs", "deploy", ".ci"]
const ROOT_FILES = (
  "README.md CHANGELOG.md CONTRIBUTING.md LICENSE " +
  "package.json package-lock.json tsconfig.json bunfig.toml knip.json " +
  ".editorconfig .gitattributes .gitignore .npmrc .oxlintrc.json"
).split(" ")
/** What the client may take from its runtime. */
const CLIENT_IMPORTS = ["node:net", "node:tls", "node:dns", "node:diagnostics_channel"]
/** Code that readers copy. */
const EXAMPLES = "client-sdk/examples"
const UPPERCASE_FILES = ["README.md", "CHANGELOG.md", "LICENSE", "Dockerfile"]

const OPEN_STORE = "server/storage/open-store.ts"
/** What the rest of the server sees of its storage. */
const STORAGE_FRONT = [OPEN_STORE, "server/storage/node-store.ts", "server/storage/errors.ts"]

const STORAGE_USERS = ["server/node.ts", "server/node-ids.ts"]

/** The rooms of the server that others may import from, and from which rooms these import. */
const SERVER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  net: [],
  metrics: [],
  generator: ["metrics"],
  storage: ["generator"],
  routing: ["generator"],
  peers: ["net", "routing", "metrics"],
  transport: ["net", "generator", "routing", "metrics"],
  config: ["net", "peers"],
  supervisor: ["net", "config"],
  load: ["net"],
}

/** Of a TypeScript file; a longer one holds more than one idea. */
const LINES_MAX = 300

const sources = readSources(CODE_FOLDERS)
const packages = ["package.json", ...filesOf("client-sdk/package.json")]
const clientSdkName = packages.slice(1).map((path) => readJson(path)["name"] as string)[0]

function isIn(folder: string, path: string | undefined): boolean {
  return path?.startsWith(`${folder}/`) ?? false
}

function sourcesIn(...folders: readonly string[]): Source[] {
  return sources.filter(({ path }) => folders.some((folder) => isIn(folder, path)))
}

/** The imports that a rule forbids, as lines that name file and import. */
function forbidden(
  from: readonly Source[],
  isForbidden: (imported: Import, source: Source) => boolean,
): string[] {
  return from.flatMap((source) =>
    source.imports
      .filter((imported) => isForbidden(imported, source))
      .map(({ specifier }) => `${source.path} imports ${specifier}`),
  )
}

function isRuntimeModule(specifier: string): boolean {
  return /^(?:bun|node)(?::|$)/.test(specifier)
}

function usersOfBun(from: readonly Source[]): string[] {
  return from.filter(({ text }) => usesBunGlobal(text)).map(({ path }) => `${path} uses Bun`)
}

/** Whether an import leads into the client SDK, by path or by the name it is published under. */
function isClientSdk({ specifier, target }: Import): boolean {
  if (isIn("client-sdk", target)) return true
  return clientSdkName !== undefined && `${specifier}/`.startsWith(`${clientSdkName}/`)
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Record<string, unknown>
}

/** What git has or would take in; without git, what .gitignore does not name. */
function topLevelEntries(): string[] {
  const list = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
  const git = existsSync(join(ROOT, ".git")) ? Bun.spawnSync(list, { cwd: ROOT }) : undefined
  if (git?.success) {
    const present = git.stdout
      .toString()
      .split("\0")
      .filter((path) => existsSync(join(ROOT, path)))
    return [...new Set(present.map((path) => path.split("/", 1)[0]!))].filter((name) => name !== "")
  }
  const lines = readFileSync(join(ROOT, ".gitignore"), "utf8").split("\n")
  const ignored = [".git", ...lines.filter((line) => line !== "" && !line.startsWith("#"))]
  const globs = ignored.map((line) => new Bun.Glob(line.replace(/\/$/, "")))
  return readdirSync(ROOT).filter((name) => !globs.some((glob) => glob.match(name)))
}

describe("imports", () => {
  test("are seen at all, so that these tests cannot pass on nothing", () => {
    const node = sources.find(({ path }) => path === "server/node.ts")
    const targets = node?.imports.map(({ target }) => target)
    expect(targets).toContain("protocol/index.ts")
    expect(targets).toContain("server/storage/node-store.ts")
    expect(sourcesIn("server/generator").length).toBeGreaterThan(0)
    expect(sourcesIn("server/routing").length).toBeGreaterThan(0)
    expect(sourcesIn("server/transport").length).toBeGreaterThan(0)
  })

  test("of protocol/ stay inside it, so that it runs anywhere", () => {
    const protocol = sourcesIn("protocol")
    const broken = forbidden(protocol, ({ target }) => !isIn("protocol", target))
    expect([...broken, ...usersOfBun(protocol)]).toEqual([])
  })

  test("of client-sdk/ stay inside it, but for protocol/, and node: sockets and names", () => {
    const clientSdk = sourcesIn("client-sdk").filter(({ path }) => !isIn(EXAMPLES, path))
    const broken = forbidden(clientSdk, ({ specifier, target }) => {
      if (target === undefined) return !CLIENT_IMPORTS.includes(specifier)
      return !isIn("client-sdk", target) && !isIn("protocol", target)
    })
    expect([...broken, ...usersOfBun(clientSdk)]).toEqual([])
  })

  test("of the examples are those of somebody who has installed the client", () => {
    const broken = forbidden(sourcesIn(EXAMPLES), ({ target }) => target !== undefined)
    expect(broken).toEqual([])
  })

  test("of server/ stay inside it, but for protocol/ and in commands/ the client SDK", () => {
    const broken = forbidden(sourcesIn("server"), (imported, { path }) => {
      if (isClientSdk(imported)) return !isIn("server/commands", path)
      const { target } = imported
      if (target === undefined || target === "package.json") return false
      return !isIn("server", target) && !isIn("protocol", target)
    })
    expect(broken).toEqual([])
  })

  test.each(Object.entries(SERVER_ROOMS))("of server/%s/ lead to %j alone", (room, others) => {
    const inside = sourcesIn(`server/${room}`)
    expect(inside.length).toBeGreaterThan(0)
    const broken = forbidden(inside, ({ target }) => {
      const [, other] = /^server\/([^/]+)\//.exec(target ?? "") ?? []
      return other !== undefined && other !== room && !others.includes(other)
    })
    expect(broken).toEqual([])
  })

  test.each(["generator", "routing"])("of server/%s/ are of what is pure", (room) => {
    const inside = sourcesIn(`server/${room}`)
    const broken = forbidden(inside, ({ specifier }) => isRuntimeModule(specifier))
    expect([...broken, ...usersOfBun(inside)]).toEqual([])
  })

  test("of a dialect are not of another one", () => {
    const dialects = ["tcp", "text", "http", "redis"].map((name) => `server/transport/${name}`)
    const broken = dialects.flatMap((folder) =>
      forbidden(sourcesIn(folder), ({ target }) =>
        dialects.some((other) => other !== folder && isIn(other, target)),
      ),
    )
    expect(broken).toEqual([])
  })

  test("of bun:sqlite stand only in server/storage/sqlite/", () => {
    const elsewhere = sourcesIn("protocol", "client-sdk", "server").filter(
      ({ path }) => !isIn("server/storage/sqlite", path) && !isIn(EXAMPLES, path),
    )
    expect(forbidden(elsewhere, ({ specifier }) => specifier === "bun:sqlite")).toEqual([])
  })

  test("of server/storage/sqlite/ stand only in it and in open-store.ts", () => {
    const users = sourcesIn("protocol", "client-sdk", "server")
      .filter(({ imports }) => imports.some(({ target }) => isIn("server/storage/sqlite", target)))
      .map(({ path }) => path)
      .filter((path) => !isIn("server/storage/sqlite", path))
    expect(users).toEqual([OPEN_STORE])
  })

  test("of server/storage/ stand only in it, in commands/ and what builds a node, and are of its front", () => {
    const others = sourcesIn("protocol", "client-sdk", "server").filter(
      ({ path }) => !isIn("server/storage", path),
    )
    const broken = forbidden(others, ({ target }, { path }) => {
      if (target === undefined || !isIn("server/storage", target)) return false
      const isUser = isIn("server/commands", path) || STORAGE_USERS.includes(path)
      return !isUser || !STORAGE_FRONT.includes(target)
    })
    expect(broken).toEqual([])
  })

  test("form no cycle, those for types included", () => {
    expect(importCycles(sources)).toEqual([])
  })
})

describe("the layout", () => {
  test("has nothing at the top level but the rooms and the usual files", () => {
    const strangers = topLevelEntries().filter(
      (name) => !FOLDERS.includes(name) && !ROOT_FILES.includes(name),
    )
    expect(strangers).toEqual([])
  })

  test("names files and folders in kebab-case", () => {
    const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/
    const misnamed = filesOf(`{${CODE_FOLDERS.join(",")}}/**`).filter((path) => {
      if (/(?:^|\/)(?:node_modules|dist)\//.test(path)) return false
      const folders = path.split("/").slice(0, -1)
      const isNamed = UPPERCASE_FILES.includes(basename(path)) || kebab.test(basename(path))
      return !isNamed || !folders.every((name) => kebab.test(name))
    })
    expect(misnamed).toEqual([])
  })

  test(`has no TypeScript file of more than ${LINES_MAX} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > LINES_MAX)
    expect(long.map(({ path, lines }) => `${path} has ${lines} lines`)).toEqual([])
  })
})

describe("dependencies", () => {
  test("are pinned to one version each", () => {
    const loose = packages.flatMap((path) => {
      const manifest = readJson(path)
      return ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
        Object.entries((manifest[kind] ?? {}) as Record<string, string>)
          .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
          .map(([name, version]) => `${path}: ${kind}.${name} is "${version}"`),
      )
    })
    expect(loose).toEqual([])
  })

  test("are locked without the address of a registry", () => {
    const locked = readJson("package-lock.json")["packages"] as Record<string, object>
    expect(Object.keys(locked).length).toBeGreaterThan(1)
    const addressed = Object.entries(locked)
      // A workspace is a link, and where it leads is a folder of this project.
      .filter(([, entry]) => "resolved" in entry && !("link" in entry))
      .map(([name, entry]) => `${name}: ${JSON.stringify(entry)}`)
    expect(addressed).toEqual([])
  })
})
