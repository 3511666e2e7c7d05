import { within } from "../../test/support/deadline.ts"
import { onCore } from "./cores.ts"
import type { Core } from "./cores.ts"

const START_DEADLINE_MS = 20_000
/** How long a server may take to end in order before it is killed. */
const STOP_DEADLINE_MS = 8_000

export interface ServerOptions {
  readonly core: Core | undefined
  /** What it writes once it listens. */
  readonly ready: RegExp
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The signal that makes it end at once without leaving anything behind. */
  readonly stopSignal?: NodeJS.Signals
}

/** A server that the bench started; it ends when its suite does: `await using server = …`. */
export class ServerProcess implements AsyncDisposable {
  readonly #command: string
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">
  readonly #stopSignal: NodeJS.Signals
  readonly #ready = Promise.withResolvers<void>()
  /** What it has written up to when it was ready. */
  output = ""
  #isReady = false

  private constructor(command: readonly string[], options: ServerOptions) {
    this.#command = command.join(" ")
    this.#stopSignal = options.stopSignal ?? "SIGTERM"
    this.#process = Bun.spawn(onCore(options.core, command), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
    })
    void this.#read(this.#process.stdout, options.ready)
    void this.#read(this.#process.stderr, options.ready)
    void this.#watchEnd()
    // It is rejected too when the server ends later, as it is told to; nobody waits for it by then.
    this.#ready.promise.catch(() => {})
  }

  /** @throws Error with what it wrote, when it ends or does not get ready */
  static async start(command: readonly string[], options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(command, options)
    try {
      await within(() => `${server}`, server.#ready.promise, START_DEADLINE_MS)
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  /** Of the server itself: taskset replaces itself with the command it is given. */
  get pid(): number {
    return this.#process.pid
  }

  toString(): string {
    return `${this.#command}\n${this.output}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill(this.#stopSignal)
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_DEADLINE_MS)
    await this.#process.exited
    clearTimeout(timer)
  }

  async #watchEnd(): Promise<void> {
    await this.#process.exited
    this.#ready.reject(new Error(`it ended: ${this}`))
  }

  async #read(stream: ReadableStream<Uint8Array>, ready: RegExp): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      // A server that logs for minutes must not fill the memory of the bench.
      if (this.#isReady) continue
      this.output += decoder.decode(chunk, { stream: true })
      if (!ready.test(this.output)) continue
      this.#isReady = true
      this.#ready.resolve()
    }
  }
}
