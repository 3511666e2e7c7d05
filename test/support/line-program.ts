import { within } from "./deadline.ts"

/** A program that answers each line of its input by one line. */
export class LineProgram implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">
  readonly #lines: AsyncIterator<string>

  /** @param cwd where it runs; here, if it is not said */
  constructor(command: readonly string[], cwd?: string) {
    this.#process = Bun.spawn([...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.#lines = linesOf(this.#process.stdout)
  }

  /** @throws Error when it has ended */
  async ask(line: string): Promise<string> {
    void this.#process.stdin.write(`${line}\n`)
    void this.#process.stdin.flush()
    // A program that is compiled first takes its time.
    const next = await within(`the answer to ${line}`, this.#lines.next(), 100_000)
    if (next.done === true) throw new Error(`it ended before it answered ${line}`)
    return next.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM")
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
