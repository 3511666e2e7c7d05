import { Latencies } from "../load/latencies.ts"
import type { Load } from "../load/load.ts"
import { progressText } from "./bench-report.ts"
import type { BenchResult } from "./bench-report.ts"

const SECOND_MS = 1_000

/** A terminal, or what stands for one. */
type Screen = Pick<NodeJS.WriteStream, "write" | "isTTY">

/** Measures a load that has been started, and shows each second how it goes. */
export class BenchMeter {
  readonly #load: Load
  readonly #screen: Screen
  readonly #all = new Latencies()
  #requests = 0

  constructor(load: Load, screen: Screen) {
    this.#load = load
    this.#screen = screen
  }

  /** @returns what came of it, also when Ctrl-C ends it early */
  async run(seconds: number): Promise<BenchResult> {
    const load = this.#load
    const interrupted = Promise.withResolvers<"interrupted">()
    process.once("SIGINT", () => interrupted.resolve("interrupted"))
    const refusedBefore = load.refused
    const cpu = process.cpuUsage()
    const startMs = performance.now()
    load.measure()
    let fromMs = startMs
    for (let second = 1; second <= seconds; second++) {
      const dueMs = startMs + second * SECOND_MS
      const waited = Bun.sleep(Math.max(0, dueMs - performance.now()))
      const end = await Promise.race([waited, load.lost, interrupted.promise])
      const nowMs = performance.now()
      this.#show(second, nowMs - fromMs)
      fromMs = nowMs
      if (end === "interrupted") break
    }
    if (this.#screen.isTTY) this.#screen.write("\n")
    const used = process.cpuUsage(cpu)
    const lastedMs = fromMs - startMs
    await load.stop()
    this.#count()
    return {
      seconds: lastedMs / SECOND_MS,
      requests: this.#requests,
      refused: load.refused - refusedBefore,
      refusal: load.refusal,
      latencyUs: this.#all.summary(),
      ownCpu: (used.user + used.system) / 1e3 / lastedMs,
    }
  }

  /** Shows the second that is over. */
  #show(second: number, lastedMs: number): void {
    const latency = this.#load.latencies.summary()
    const line = progressText(second, (this.#count() / lastedMs) * SECOND_MS, latency)
    // On a terminal one line that changes; where nobody sees it change, a line a second.
    this.#screen.write(this.#screen.isTTY ? `\r${line}\u001B[K` : `${line}\n`)
  }

  /** Takes in what was answered since the last time. @returns how much that is */
  #count(): number {
    const { answered, latencies } = this.#load
    const more = answered - this.#requests
    this.#requests = answered
    this.#all.add(latencies)
    latencies.clear()
    return more
  }
}
