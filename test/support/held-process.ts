import type { Subprocess } from "bun"
import { within } from "./deadline.ts"

/** The end of a shell script that has to hold what it has set up. */
export const HOLD = "echo ready; cat >/dev/null"

/**
 * A shell script that sets something up, says so and holds it until its input ends: when its test
 * leaves the block, and also when the test's own process is killed, since the input ends then too.
 */
export class HeldProcess implements AsyncDisposable {
  readonly #process: Subprocess<"pipe", "pipe", "pipe">

  private constructor(command: readonly string[]) {
    this.#process = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" })
  }

  /**
   * Waits until it says "ready".
   * @throws Error with what it has said, when it ends before
   */
  static async start(command: readonly string[]): Promise<HeldProcess> {
    const held = new HeldProcess(command)
    try {
      await within(`"ready" of ${command.join(" ")}`, held.#ready())
      return held
    } catch (error) {
      await held[Symbol.asyncDispose]()
      throw error
    }
  }

  get pid(): number {
    return this.#process.pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.end()
    await within("the end of a held process", this.#process.exited)
  }

  async #ready(): Promise<void> {
    const { value } = await this.#process.stdout.getReader().read()
    if (value !== undefined && new TextDecoder().decode(value).startsWith("ready")) return
    throw new Error(`it ended: ${await this.#process.stderr.text()}`)
  }
}
