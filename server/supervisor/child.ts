import { readFileSync } from "node:fs"

/** Set for the nodes that a supervisor starts; not for use by hand. */
const SUPERVISED = "FIRN_SUPERVISED"

/** How often a process looks whether npm is still there. */
const NPM_POLL_MS = 250

/** What a supervisor adds to the environment of its nodes. */
export const SUPERVISED_ENV: Readonly<Record<string, string>> = { [SUPERVISED]: "1" }

/**
 * Calls `stop` when the supervisor of this process has ended, however it ended. The supervisor
 * holds the other end of standard input and writes nothing to it, so the input ends when the
 * supervisor does. The system tells in no other way that a parent was killed. In a process without
 * a supervisor this does nothing.
 */
export function stopWithSupervisor(stop: () => void): void {
  if (process.env[SUPERVISED] === "1") void endOfInput().then(stop)
}

/**
 * Calls `stop` when npm has started this process and has ended. npm passes SIGTERM on to the shell
 * between the two, which ends without a word; and nobody is told when npm is killed.
 */
export function stopWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  if (process.env[SUPERVISED] === "1") return
  const before = ancestorsUpToNpm().join()
  const timer = setInterval(() => {
    if (ancestorsUpToNpm().join() === before) return
    clearInterval(timer)
    stop()
  }, NPM_POLL_MS)
}

/**
 * The processes between this one and npm, npm included: `npm start` gives way to what it runs, `npx`
 * has a shell that waits. Where they cannot be seen, the parent alone.
 */
function ancestorsUpToNpm(): number[] {
  const parent = process.ppid
  if (isNpm(parent)) return [parent]
  const grandparent = parentOf(parent)
  return grandparent !== undefined && isNpm(grandparent) ? [parent, grandparent] : [parent]
}

/** npm shows its command in place of its arguments. */
function isNpm(pid: number): boolean {
  return readProcess(pid, "cmdline")?.startsWith("npm ") === true
}

function parentOf(pid: number): number | undefined {
  const [, parent] = /\) \S ([0-9]+) [^)]*$/.exec(readProcess(pid, "stat") ?? "") ?? []
  return parent === undefined ? undefined : Number(parent)
}

/** @returns undefined when there is no such process, or no /proc */
function readProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return undefined
  }
}

async function endOfInput(): Promise<void> {
  try {
    for await (const _ of Bun.stdin.stream());
  } catch {
    // Input that can no longer be read has ended as well.
  }
}
