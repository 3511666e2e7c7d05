import { within } from "./deadline.ts"

export interface CommandOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, with `input` as its standard input. */
export async function run(
  command: readonly string[],
  input: string | Uint8Array = "",
  limitMs?: number,
): Promise<CommandOutcome> {
  const process = Bun.spawn([...command], {
    stdin: new Blob([input as Uint8Array<ArrayBuffer>]),
    stdout: "pipe",
    stderr: "pipe",
  })
  try {
    const whole = Promise.all([process.exited, process.stdout.text(), process.stderr.text()])
    const [exitCode, stdout, stderr] = await within(
      `the end of ${command.join(" ")}`,
      whole,
      limitMs,
    )
    return { exitCode, stdout, stderr }
  } finally {
    process.kill("SIGKILL")
  }
}

/** Runs a program that has to succeed. @throws Error with what it wrote, when it does not */
export async function runOrThrow(command: readonly string[], limitMs?: number): Promise<void> {
  const { exitCode, stderr } = await run(command, "", limitMs)
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`)
}

/** Runs a line of shell, as a reader pastes it. */
export async function runBash(line: string): Promise<CommandOutcome> {
  return await run(["bash", "-c", line])
}

/** A program in a terminal, with somebody typing. */
export class Dialogue implements AsyncDisposable {
  /** What has been shown so far. */
  screen = ""
  readonly #process: Bun.Subprocess
  readonly #watchers = new Set<() => void>()
  #seen = 0

  /** @param options where it runs, and variables it has besides those of this process */
  constructor(
    command: readonly string[],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ) {
    const { cwd, env } = options
    const decoder = new TextDecoder()
    this.#process = Bun.spawn([...command], {
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...env },
      terminal: {
        cols: 200,
        data: (_, bytes) => {
          this.screen += decoder.decode(bytes, { stream: true })
          for (const look of this.#watchers) look()
        },
      },
    })
  }

  /** `\r` is the Enter key, `\x03` is Ctrl-C. */
  type(keys: string): void {
    this.#process.terminal?.write(keys)
  }

  /** Waits until the screen shows it, below what was waited for before. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const shown = new Promise<RegExpExecArray>((resolve) => {
      const look = (): void => {
        const match = pattern.exec(this.screen.slice(this.#seen))
        if (match === null) return
        this.#seen += match.index + match[0].length
        this.#watchers.delete(look)
        resolve(match)
      }
      this.#watchers.add(look)
      look()
    })
    return await within(() => `${pattern} on the screen, which shows: ${this.screen}`, shown)
  }

  async end(): Promise<number> {
    return await within("the end of the dialogue", this.#process.exited)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.#process.exited
    this.#process.terminal?.close()
  }
}
