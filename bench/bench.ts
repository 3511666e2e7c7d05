import type { Figure, Sample, Series, Skipped } from "./figures.ts"
import { valuesOf } from "./figures.ts"
import { FreePorts } from "../server/supervisor/free-ports.ts"
import { onCore } from "./machine/cores.ts"
import type { Core } from "./machine/cores.ts"
import { openFilesMax } from "./machine/open-files.ts"
import { findTool } from "./machine/tools.ts"
import type { Tool, ToolName } from "./machine/tools.ts"
import type { Progress } from "./progress.ts"
import { spreadOf } from "./statistics.ts"

/** More than all suites together take. */
const PORTS = 75

/** Files that a process has open besides its connections. */
const OTHER_FILES = 100

/** One of those that are measured in turns. */
export interface Contestant {
  readonly subject: string
  measure(): Promise<Sample>
}

export type FigureHead = Omit<Figure, "suite" | "series"> & {
  /** How often each contestant is measured, if not as often as usual. `--quick` ignores it. */
  readonly rounds?: number
}

export interface BenchOptions {
  readonly quick: boolean
  readonly progress: Progress
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** What the suites share: how long to measure, where to put the figures, ports, tools. */
export class Bench implements Disposable {
  readonly figures: Figure[] = []
  readonly skipped: Skipped[] = []
  readonly versions: Record<string, string> = { bun: Bun.version }
  readonly quick: boolean
  readonly signal: AbortSignal
  readonly #progress: Progress
  readonly #ports = new FreePorts(PORTS, Math.random)
  #suite = ""

  constructor({ quick, progress, signal }: BenchOptions) {
    this.quick = quick
    this.signal = signal
    this.#progress = progress
  }

  /** Rounds of A B A B. */
  get rounds(): number {
    return this.quick ? 2 : 3
  }

  /** For how long one sample is taken. */
  get seconds(): number {
    return this.quick ? 0.4 : 0.8
  }

  get warmUpSeconds(): number {
    return this.quick ? 0.2 : 0.3
  }

  beginSuite(name: string): void {
    this.#suite = name
    this.#progress.suite(name)
  }

  /** A port that nobody listens on. */
  port(): number {
    return this.#ports.take()
  }

  /** The first of `count` ports in a row that nobody listens on. */
  portsInARow(count: number): number {
    const row = [this.port()]
    while (row.length < count) {
      const port = this.port()
      if (port !== row.at(-1)! + 1) row.length = 0
      row.push(port)
    }
    return row[0]!
  }

  /** A tool, or undefined with a sentence when it is not there. */
  tool(name: ToolName, purpose: string): (Tool & { readonly path: string }) | undefined {
    const tool = findTool(name)
    if (tool.path === undefined) {
      this.skip(purpose, `${name} is not installed: ${tool.remedy}`)
      return undefined
    }
    this.versions[name] = tool.version ?? "unknown"
    return { ...tool, path: tool.path }
  }

  /** Whether a process may have so many connections; says so when it may not. */
  canOpen(connections: number): boolean {
    const max = openFilesMax()
    if (connections + OTHER_FILES <= max) return true
    this.skip(`${connections} connections`, `a process may open ${max} files: ulimit -n`)
    return false
  }

  skip(what: string, why: string): void {
    this.skipped.push({ what: `${this.#suite}: ${what}`, why })
    this.#progress.note(`skipped ${what}: ${why}`)
  }

  /**
   * Measures the contestants in turns, A B A B: each round has a sample of every one of them. Every
   * other round goes backwards, so that a machine that gets slower does not favour the first.
   */
  async compete(head: FigureHead, contestants: readonly Contestant[]): Promise<Figure> {
    const { rounds: wanted = this.rounds, ...about } = head
    const rounds = this.quick ? this.rounds : wanted
    const series: Series[] = contestants.map(({ subject }) => ({ subject, samples: [] }))
    for (let round = 0; round < rounds; round++) {
      const order = [...contestants.keys()]
      for (const at of round % 2 === 0 ? order : order.toReversed()) {
        this.#progress.step(`${about.name}, ${contestants[at]!.subject}, ${round + 1}/${rounds}`)
        series[at]!.samples.push(await contestants[at]!.measure())
        this.signal.throwIfAborted()
      }
    }
    return this.add({ ...about, series })
  }

  add(about: Omit<Figure, "suite">): Figure {
    const figure = { suite: this.#suite, ...about }
    this.figures.push(figure)
    this.#progress.figure(figure)
    return figure
  }

  /**
   * Runs a tool to its end.
   * @returns its standard output
   * @throws Error with what it wrote, when it fails
   */
  async run(
    command: readonly string[],
    core?: Core,
    env: Record<string, string> = {},
  ): Promise<string> {
    const child = Bun.spawn(onCore(core, command), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      signal: this.signal,
      env: { ...process.env, ...env },
    })
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      child.stdout.text(),
      child.stderr.text(),
    ])
    this.signal.throwIfAborted()
    if (code === 0) return stdout
    throw new Error(`${command.join(" ")} ended with ${code}:\n${stdout}${stderr}`)
  }

  [Symbol.dispose](): void {
    this.#ports[Symbol.dispose]()
  }
}

export function medianOf(series: Series | undefined): number {
  return series === undefined ? NaN : spreadOf(valuesOf(series)).median
}
