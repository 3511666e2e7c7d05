import { closeSync, existsSync, openSync, readFileSync, readdirSync } from "node:fs"

/** What the system allows this process, and what it has open. */
export interface OpenFiles {
  /** How many descriptors it may have; their numbers are below this. */
  readonly limit: number
  readonly open: number
}

const LIMITS = "/proc/self/limits"

/**
 * Reads both from /proc. The soft limit is the hard one: Bun raises it as it starts.
 * @returns undefined where there is no /proc, as on macOS
 */
export function openFiles(): OpenFiles | undefined {
  if (!existsSync(LIMITS)) return undefined
  const [, text] = /^Max open files +([0-9]+) /m.exec(readFileSync(LIMITS, "utf8")) ?? []
  const limit = text === undefined ? Infinity : Number(text)
  // One that was inherited may lie above the limit, and takes up nothing below it.
  const open = readdirSync("/proc/self/fd").filter((name) => Number(name) < limit).length
  return { limit, open }
}

/** Whether a descriptor can be had, of this process and of the system. */
export function isDescriptorLeft(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== "EMFILE" && code !== "ENFILE"
  }
}
