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
 * between the two, which ends without a word.
 */
export function stopWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  if (process.env[SUPERVISED] === "1") return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, NPM_POLL_MS)
}

async function endOfInput(): Promise<void> {
  try {
    for await (const _ of Bun.stdin.stream());
  } catch {
    // Input that can no longer be read has ended as well.
  }
}
