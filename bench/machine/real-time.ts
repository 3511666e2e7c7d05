/** Any real-time priority goes before all programs that have none. */
const PRIORITY = "1"

/**
 * Gives all threads of a process real-time priority until it is disposed of: other programs of the
 * machine, even its own services, then cannot take the core from it for some milliseconds.
 */
export class RealTime implements Disposable {
  readonly #pid: number

  /** @throws Error with a sentence when there is no such priority here, or it is not allowed */
  constructor(pid: number) {
    this.#pid = pid
    change(pid, "--fifo", PRIORITY)
  }

  [Symbol.dispose](): void {
    change(this.#pid, "--other", "0")
  }
}

/** Why there can be no real-time priority; undefined when there can. */
export function noRealTimeReason(): string | undefined {
  try {
    using _ = new RealTime(process.pid)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function change(pid: number, policy: string, priority: string): void {
  const chrt = Bun.which("chrt")
  if (chrt === null) throw new Error("chrt is missing (Debian: util-linux)")
  const command = [chrt, "--all-tasks", policy, "--pid", priority, `${pid}`]
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" })
  if (exitCode === 0) return
  const trouble = stderr.toString().trim()
  const remedy = /not permitted/.test(trouble) ? ": it takes root, or CAP_SYS_NICE" : ""
  throw new Error(`${trouble}${remedy}`)
}
