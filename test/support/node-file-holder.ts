import type { Subprocess } from "bun"
import { fileURLToPath } from "node:url"
import { within } from "./deadline.ts"

const SCRIPT = fileURLToPath(import.meta.resolve("../fixtures/hold-node-file.ts"))

/** Another process that holds a data directory; killed when its test leaves the block. */
export class NodeFileHolder implements AsyncDisposable {
  /** What it has said so far, line by line. */
  readonly said: string[] = []
  readonly #process: Subprocess<"ignore", "pipe", "inherit">
  readonly #read: Promise<void>
  readonly #watchers = new Set<() => void>()
  #ended = false

  constructor(dataDir: string, mode: "hold" | "write", env: Readonly<Record<string, string>> = {}) {
    this.#process = Bun.spawn([process.execPath, SCRIPT, dataDir, mode], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      env: { ...process.env, ...env },
    })
    this.#read = this.#readAll()
  }

  /** Waits until it has said so many lines, or has ended. */
  async lines(count: number): Promise<readonly string[]> {
    await within(`${count} lines of the holder`, this.#until(count))
    return this.said
  }

  /** Ends it as kill -9 does. Afterwards `said` has all that it said. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL")
    await within("the end of the holder", Promise.all([this.#process.exited, this.#read]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder()
    let partial = ""
    for await (const chunk of this.#process.stdout) {
      const lines = (partial + decoder.decode(chunk, { stream: true })).split("\n")
      partial = lines.pop() ?? ""
      this.said.push(...lines)
      for (const look of this.#watchers) look()
    }
    this.#ended = true
    for (const look of this.#watchers) look()
  }

  #until(count: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.said.length < count && !this.#ended) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }
}
