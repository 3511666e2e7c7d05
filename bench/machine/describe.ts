import { cpus, totalmem } from "node:os"
import type { Machine } from "../figures.ts"
import { unpinnedReason } from "./cores.ts"

const GIB = 2 ** 30

export function describeMachine(versions: Readonly<Record<string, string>>): Machine {
  const system = Bun.spawnSync(["uname", "-sr"]).stdout.toString().trim()
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / GIB),
    system,
    pinned: unpinnedReason() === undefined,
    versions,
  }
}

/** Such as `amd-epyc-2-cores`: a name for files, which tells nothing of whose machine it is. */
export function machineSlug({ cpu, cores }: Machine): string {
  const slug = `${cpu} ${cores} cores`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")
  return slug.replaceAll(/^-+|-+$/g, "")
}

/** The commit checked out, with `+` behind it when files differ from it; empty without git. */
export function commitText(root: string): string {
  const git = (...args: string[]): string =>
    Bun.which("git") === null
      ? ""
      : Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" })
          .stdout.toString()
          .trim()
  const commit = git("rev-parse", "--short=12", "HEAD")
  return commit !== "" && git("status", "--porcelain") !== "" ? `${commit}+` : commit
}
