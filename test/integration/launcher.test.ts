import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { version } from "../../package.json"
import { ROOT } from "../support/paths.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const LAUNCHER = join(ROOT, "server/firn")
/** Has the usual commands, and no Bun. */
const PLAIN_PATH = "/usr/bin:/bin"

/** Runs it elsewhere, with another path. */
function runAt(cwd: string, command: readonly string[], path = PLAIN_PATH) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    cwd,
    env: { PATH: path, HOME: cwd },
  })
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

describe("the command firn", () => {
  test("needs no Bun on the path, and runs from anywhere", () => {
    using dir = new TempDir()
    const outcome = runAt(dir.path, [LAUNCHER, "--version"])
    expect(outcome).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" })
  })

  test("may be linked to, as npm does it, and hands on all arguments and the exit code", () => {
    using dir = new TempDir()
    mkdirSync(dir.at("a directory"))
    const link = dir.at("a directory", "firn")
    symlinkSync(LAUNCHER, link)
    const { exitCode, stdout } = runAt(dir.path, [link, "decode", "--json", "5"])
    expect([exitCode, (JSON.parse(stdout) as { sequence: number }).sequence]).toEqual([0, 5])
    const wrong = runAt(dir.path, [link, "decode", "a b"])
    expect(wrong.exitCode).toBe(2)
    expect(wrong.stderr).toContain('"a b"')
  })

  test("takes the Bun of the path when none was installed with it", () => {
    using dir = new TempDir()
    mkdirSync(dir.at("server"))
    copyFileSync(LAUNCHER, dir.at("server", "firn"))
    const path = `${dirname(process.execPath)}:${PLAIN_PATH}`
    symlinkSync(process.execPath, dir.at("bun"))
    const { stderr } = runAt(dir.path, [dir.at("server", "firn")], `${dir.path}:${path}`)
    // That is Bun, which finds no program there.
    expect(stderr).toContain("main.ts")
    const without = runAt(dir.path, [dir.at("server", "firn"), "id"])
    expect(without.exitCode).toBe(1)
    expect(without.stderr).toBe(
      `error: there is no Bun, which runs firn: npm install in ${dir.path} brings it\n`,
    )
  })

  testWith("node")("is there after npm install -g, for who has no Bun", () => {
    using dir = new TempDir()
    const node = Bun.which("node")!
    const path = `${dirname(node)}:${PLAIN_PATH}`
    const npm = ["npm", "install", "-g", "--offline", "--silent", "--prefix", dir.path, ROOT]
    expect(runAt(dir.path, npm, path)).toMatchObject({ exitCode: 0, stderr: "" })
    const installed = runAt(dir.path, [dir.at("bin", "firn"), "--version"], path)
    expect(installed).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" })
  })
})
