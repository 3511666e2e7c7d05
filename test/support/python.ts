import { join } from "node:path"
import { runOrThrow } from "./command.ts"
import { LineProgram } from "./line-program.ts"
import { ROOT } from "./paths.ts"
import { TempDir } from "./temp-dir.ts"

const FIXTURES = join(ROOT, "test/fixtures/python")
const PATIENCE_MS = 120_000

/** A virtual environment with the packages that the tests use, made anew. */
export class PythonEnvironment implements Disposable {
  readonly #dir = new TempDir()

  /** @param requirements a file of `test/fixtures/python` */
  static async make(requirements: string): Promise<PythonEnvironment> {
    const environment = new PythonEnvironment()
    try {
      await runOrThrow(["python3", "-m", "venv", environment.#dir.path])
      const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
      const list = ["--requirement", join(FIXTURES, requirements)]
      await runOrThrow([environment.program, ...install, ...list], PATIENCE_MS)
      return environment
    } catch (error) {
      environment[Symbol.dispose]()
      throw error
    }
  }

  /** What runs a script. */
  get program(): string {
    return this.command("python")
  }

  /** A program that came with a package. */
  command(name: string): string {
    return this.#dir.at(`bin/${name}`)
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]()
  }
}

/** A client in Python: `clients.py` with these arguments. */
export class PythonClient implements AsyncDisposable {
  readonly #program: LineProgram

  constructor(environment: PythonEnvironment, ...args: readonly string[]) {
    this.#program = new LineProgram([environment.program, join(FIXTURES, "clients.py"), ...args])
  }

  /** @throws Error with what the client raised */
  async call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const line = await this.#program.ask(JSON.stringify([name, ...args]))
    const { value, error } = JSON.parse(line) as { value?: unknown; error?: string }
    if (error !== undefined) throw new Error(error)
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }
}
