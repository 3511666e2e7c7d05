import { readdirSync } from "node:fs"
import { join } from "node:path"

/** A program that a part of the bench needs. */
export interface Tool {
  readonly name: string
  /** Where it lies; undefined: not installed. */
  readonly path: string | undefined
  readonly remedy: string
  /** The first line in which it tells its version. */
  readonly version: string | undefined
}

/** Where Debian keeps what PostgreSQL's wrappers call, one folder a version. */
const POSTGRES_HOME = "/usr/lib/postgresql"

interface Wanted {
  readonly path: string | undefined
  readonly remedy: string
  readonly versionFlag: string
  /** What its version text has to match: two packages of npm have the names of these tools. */
  readonly says: RegExp
}

function wanted(): Record<string, Wanted> {
  const debian = (name: string): string => `on Debian, apt-get install ${name}`
  const found = (name: string): string | undefined => Bun.which(name) ?? undefined
  return {
    node: { path: found("node"), remedy: debian("nodejs"), versionFlag: "--version", says: /^v\d/ },
    wrk: { path: found("wrk"), remedy: debian("wrk"), versionFlag: "-v", says: /^wrk / },
    oha: {
      path: found("oha"),
      remedy: "cargo install oha",
      versionFlag: "--version",
      says: /^oha /,
    },
    hyperfine: {
      path: found("hyperfine"),
      remedy: debian("hyperfine"),
      versionFlag: "--version",
      says: /^hyperfine /,
    },
    "redis-server": {
      path: found("redis-server"),
      remedy: debian("redis-server"),
      versionFlag: "--version",
      says: /^Redis server/,
    },
    "redis-benchmark": {
      path: found("redis-benchmark"),
      remedy: debian("redis-tools"),
      versionFlag: "--version",
      says: /^redis-benchmark/,
    },
    haproxy: {
      path: found("haproxy") ?? found("/usr/sbin/haproxy"),
      remedy: debian("haproxy"),
      versionFlag: "-v",
      says: /^HAProxy/i,
    },
    pgbench: {
      path: postgresProgram("pgbench"),
      remedy: debian("postgresql"),
      versionFlag: "--version",
      says: /^pgbench/,
    },
  }
}

/** A program of PostgreSQL, of the newest version there is. */
export function postgresProgram(name: string): string | undefined {
  return (
    versionFolders()
      .map((version) => Bun.which(join(POSTGRES_HOME, version, "bin", name)))
      .find((path) => path !== null) ??
    Bun.which(name) ??
    undefined
  )
}

function versionFolders(): string[] {
  try {
    return readdirSync(POSTGRES_HOME).toSorted((a, b) => Number(b) - Number(a))
  } catch {
    return []
  }
}

export type ToolName =
  "node" | "wrk" | "oha" | "hyperfine" | "redis-server" | "redis-benchmark" | "haproxy" | "pgbench"

export function findTool(name: ToolName): Tool {
  const { path, remedy, versionFlag, says } = wanted()[name]!
  const version = path === undefined ? undefined : firstLine([path, versionFlag])
  const isIt = version !== undefined && says.test(version)
  return { name, remedy, path: isIt ? path : undefined, version: isIt ? version : undefined }
}

function firstLine(command: readonly string[]): string | undefined {
  const { stdout, stderr } = Bun.spawnSync([...command], { stdout: "pipe", stderr: "pipe" })
  return `${stdout.toString()}${stderr.toString()}`.trim().split("\n", 1)[0]
}
