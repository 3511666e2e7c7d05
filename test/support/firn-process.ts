import type { Subprocess } from "bun"
import { join } from "node:path"
import { within } from "./deadline.ts"

/** What starts `firn`. */
export const FIRN: readonly string[] = [
  process.execPath,
  join(import.meta.dir, "../../server/main.ts"),
]

/** Ports that are free; a listening line tells which. */
const ANY_PORT = "127.0.0.1:0"

type Child = Subprocess<"ignore", "pipe", "pipe">

interface Output {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What is run in place of `firn`: a program and its first arguments. */
  readonly program?: readonly string[]
}

/** One line of a node's JSON log. */
export interface LogLine {
  readonly event?: string
  readonly msg: string
  readonly level: number
  readonly [field: string]: unknown
}

export interface Outcome {
  /** The exit code, or the name of the signal that ended the process. */
  readonly exit: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs `firn` to its end. */
export async function runFirn(args: readonly string[], options?: SpawnOptions): Promise<Outcome> {
  await using firn = new FirnProcess(args, options)
  const exit = await within(`the end of firn ${args.join(" ")}`, firn.exit)
  return { exit, stdout: firn.stdout, stderr: firn.stderr }
}

/** A running `firn` process; killed when its test leaves the block: `await using firn = …`. */
export class FirnProcess implements AsyncDisposable {
  stdout = ""
  stderr = ""
  readonly log: LogLine[] = []
  /** The exit code, or the name of the signal that ended it; its output is whole by then. */
  readonly exit: Promise<number | string>
  readonly #args: readonly string[]
  readonly #process: Child
  readonly #output: Output
  readonly #watchers = new Set<() => void>()
  #partialLine = ""
  #ended = false

  constructor(args: readonly string[], { env, cwd, program = FIRN }: SpawnOptions = {}) {
    this.#args = args
    this.#process = Bun.spawn([...program, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...cleanEnv(), ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.#output = this.#process.stdout.getReader()
    this.exit = this.#collect()
  }

  get pid(): number {
    return this.#process.pid
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Ends the process as an operator does. */
  async stop(): Promise<number | string> {
    this.kill("SIGTERM")
    return await within("the end after SIGTERM", this.exit)
  }

  /** Closes the pipe that takes its standard output, as a log collector does when it ends. */
  async closeOutput(): Promise<void> {
    await this.#output.cancel()
  }

  /**
   * Waits for the log line of an event.
   * @param occurrence 1 for the first line of the event, 2 for the second …
   * @throws Error with what the process has written, when it ends without that line
   */
  async waitForLog(event: string, occurrence = 1): Promise<LogLine> {
    const what = (): string => `the log line "${event}" of ${this}`
    return await within(what, this.#logged(event, occurrence))
  }

  /** All log lines of an event so far. */
  logged(event: string): LogLine[] {
    return this.log.filter((line) => line.event === event)
  }

  toString(): string {
    return `firn ${this.#args.join(" ")}\n${this.stdout}${this.stderr}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL")
    await this.exit
  }

  #logged(event: string, occurrence: number): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = this.logged(event)[occurrence - 1]
        if (line === undefined && !this.#ended) return
        this.#watchers.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`it ended without the log line "${event}": ${this}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  async #collect(): Promise<number | string> {
    await Promise.all([
      eachChunk(this.#output, (text) => this.#takeOutput(text)),
      eachChunk(this.#process.stderr.getReader(), (text) => (this.stderr += text)),
      this.#process.exited,
    ])
    this.#ended = true
    for (const look of this.#watchers) look()
    return this.#process.signalCode ?? this.#process.exitCode ?? "unknown"
  }

  #takeOutput(text: string): void {
    this.stdout += text
    const lines = (this.#partialLine + text).split("\n")
    this.#partialLine = lines.pop() ?? ""
    for (const line of lines) if (line.startsWith("{")) this.log.push(JSON.parse(line) as LogLine)
    for (const look of this.#watchers) look()
  }
}

/** A node that listens. */
export class RunningNode extends FirnProcess {
  /** HOST:PORT */
  tcp = ""
  /** HOST:PORT, or "off" */
  http = ""

  /** Starts a node on free ports and waits until it listens. */
  static async start(
    dataDir: string,
    args: readonly string[] = [],
    options?: SpawnOptions,
  ): Promise<RunningNode> {
    const ports = ["--tcp", ANY_PORT, "--http", ANY_PORT]
    const node = new RunningNode(["start", "--data-dir", dataDir, ...ports, ...args], options)
    try {
      const { tcp, http } = await node.waitForLog("listening")
      node.tcp = String(tcp)
      node.http = String(http)
    } catch (error) {
      await node[Symbol.asyncDispose]()
      throw error
    }
    return node
  }
}

/** The environment without what would configure a node; a stop waits for nobody to notice it. */
function cleanEnv(): Record<string, string | undefined> {
  const entries = Object.entries(process.env)
  const clean = Object.fromEntries(entries.filter(([name]) => !name.startsWith("FIRN_")))
  return { ...clean, FIRN_DRAIN_DELAY: "0" }
}

async function eachChunk(reader: Output, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    take(decoder.decode(value, { stream: true }))
  }
}
