import { availableParallelism } from "node:os"

/** Which core a process is kept on. */
export type Core = "server" | "load"

const CORE_NUMBERS: Readonly<Record<Core, number>> = { server: 0, load: 1 }

/** Why processes cannot be given a core each; undefined when they can. */
export function unpinnedReason(): string | undefined {
  if (process.platform !== "linux") return "taskset is Linux's"
  if (Bun.which("taskset") === null) return "taskset is missing (Debian: util-linux)"
  if (availableParallelism() < 2) return "there is one core only"
  return undefined
}

const isPinned = unpinnedReason() === undefined

/** What runs a command on its core. Without a core, or where none can be chosen, it runs on any. */
export function onCore(core: Core | undefined, command: readonly string[]): string[] {
  if (core === undefined || !isPinned) return [...command]
  return ["taskset", "-c", String(CORE_NUMBERS[core]), ...command]
}
