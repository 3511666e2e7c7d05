import { join } from "node:path"
import { runOrThrow } from "./command.ts"
import { within } from "./deadline.ts"
import { ROOT } from "./paths.ts"
import { TempDir } from "./temp-dir.ts"

const FIXTURES = join(ROOT, "test/fixtures/python")
const PATIENCE_MS = 120_000

/** A virtual environment with the packages that the tests use, made anew. */
export class PythonEnvironment implements Disposable {
  readonly #dir = new TempDir()

  static async make(): Promise<PythonEnvironment> {
    const environment = new PythonEnvironment()
    try {
      await runOrThrow(["python3", "-m", "venv", environment.#dir.path])
      const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
      const list = ["--requirement", join(FIXTURES, "requirements.txt")]
      await runOrThrow([environment.program, ...install, ...list], PATIENCE_MS)
      return environment
    } catch (error) {
      environment[Symbol.dispose]()
      throw error
    }
  }

  /** What runs a script. */
  get program(): string {
    return this.#dir.at("bin/python")
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]()
  }
}

/** A client in Python: `clients.py` with these arguments. */
export class PythonClient implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">
  readonly #lines: AsyncIterator<string>

  constructor(environment: PythonEnvironment, ...args: readonly string[]) {
    this.#process = Bun.spawn([environment.program, join(FIXTURES, "clients.py"), ...args], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    })
    this.#lines = linesOf(this.#process.stdout)
  }

  /** @throws Error with what the client raised */
  async call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify([name, ...args])}\n`)
    void this.#process.stdin.flush()
    const { value, done = false } = await within(`${name} in Python`, this.#lines.next())
    if (done) throw new Error("Python has ended")
    const answer = JSON.parse(value as string) as { value?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.#process.exited
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
}
