import { test } from "bun:test"
import type { Test } from "bun:test"
import { readdirSync } from "node:fs"
import { join } from "node:path"

/** A program or library of the system that some tests need. */
interface Tool {
  /** How to get it. */
  readonly remedy: string
  isThere(): boolean
}

export type ToolName =
  | "node"
  | "curl"
  | "nc"
  | "telnet"
  | "xxd"
  | "bash"
  | "libfaketime"
  | "util-linux"
  | "e2fsprogs"
  | "iproute2"
  | "cc"
  | "haproxy"
  | "wrk"
  | "redis-cli"
  | "python3"
  | "go"
  | "promtool"
  | "openssl"
  | "prometheus"
  | "chromium"
  | "script"
  | "/proc"

const tools: Record<ToolName, Tool> = {
  node: {
    remedy: "install Node 20.19 or later, with npm",
    isThere: () => isOnPath("node") && isOnPath("npm"),
  },
  curl: { remedy: debian("curl"), isThere: () => isOnPath("curl") },
  // Other netcats read -N in other ways or not at all.
  nc: {
    remedy: debian("netcat-openbsd"),
    isThere: () => isOnPath("nc") && helpOf("nc").includes("-N"),
  },
  telnet: { remedy: debian("inetutils-telnet"), isThere: () => isOnPath("telnet") },
  xxd: { remedy: debian("xxd"), isThere: () => isOnPath("xxd") },
  bash: { remedy: debian("bash"), isThere: () => isOnPath("bash") },
  libfaketime: { remedy: debian("libfaketime"), isThere: () => faketimeLibrary() !== undefined },
  "util-linux": {
    remedy: debian("util-linux mount"),
    isThere: () => ["unshare", "nsenter", "fsfreeze", "mount"].every(isOnPath),
  },
  e2fsprogs: { remedy: debian("e2fsprogs"), isThere: () => isOnPath("mkfs.ext4") },
  iproute2: { remedy: debian("iproute2"), isThere: () => isOnPath("ip") },
  cc: { remedy: debian("gcc libc6-dev"), isThere: () => isOnPath("cc") },
  haproxy: { remedy: debian("haproxy"), isThere: () => isOnPath("haproxy") },
  script: { remedy: debian("bsdutils"), isThere: () => isOnPath("script") },
  wrk: { remedy: debian("wrk"), isThere: () => isOnPath("wrk") },
  "redis-cli": { remedy: debian("redis-tools"), isThere: () => isOnPath("redis-cli") },
  // Debian has what makes virtual environments in a package of its own.
  python3: {
    remedy: debian("python3 python3-venv"),
    isThere: () => isOnPath("python3") && succeeds("python3", "-c", "import venv, ensurepip"),
  },
  prometheus: { remedy: debian("prometheus"), isThere: () => isOnPath("prometheus") },
  openssl: { remedy: debian("openssl"), isThere: () => isOnPath("openssl") },
  promtool: { remedy: debian("prometheus"), isThere: () => isOnPath("promtool") },
  chromium: { remedy: debian("chromium"), isThere: () => isOnPath("chromium") },
  go: { remedy: debian("golang-go"), isThere: () => isOnPath("go") },
  "/proc": { remedy: "run the tests on Linux", isThere: () => process.platform === "linux" },
}

/** Where the library that moves a process's clock lies; undefined when it is not installed. */
export function faketimeLibrary(): string | undefined {
  for (const triplet of directoryNames("/usr/lib")) {
    const path = join("/usr/lib", triplet, "faketime")
    // The variant for processes with threads.
    if (directoryNames(path).includes("libfaketimeMT.so.1")) return join(path, "libfaketimeMT.so.1")
  }
  return undefined
}

export function isToolThere(name: ToolName): boolean {
  return tools[name].isThere()
}

/** `test`, or one that skips and says so when a tool is not installed. */
export function testWith(...names: ToolName[]): Test<[]> {
  const missing = names.filter((name) => !tools[name].isThere())
  for (const name of missing) {
    console.warn(`skipped for want of ${name}: ${tools[name].remedy}`)
  }
  return test.skipIf(missing.length > 0)
}

function debian(packageName: string): string {
  return `on Debian, apt-get install ${packageName}`
}

function isOnPath(program: string): boolean {
  return Bun.which(program) !== null
}

function succeeds(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success
}

function helpOf(program: string): string {
  const { stdout, stderr } = Bun.spawnSync([program, "-h"], { stdout: "pipe", stderr: "pipe" })
  return `${stdout.toString()}${stderr.toString()}`
}

function directoryNames(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
