import { writeFileSync } from "node:fs"
import { runOrThrow } from "./command.ts"
import { askUntil } from "./deadline.ts"
import { TempDir } from "./temp-dir.ts"

/** A series that a query has found: its labels, and its last value. */
export interface FoundSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

interface QueryAnswer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly FoundSeries[] }
}

export interface PrometheusOptions {
  /** HOST:PORT of each node. */
  readonly targets: readonly string[]
  /** Of those that speak TLS, whose certificate is not looked at. */
  readonly tlsTargets?: readonly string[]
  /** The text of a file of rules. */
  readonly rules?: string
  /** Samples it finds in its storage, OpenMetrics with times. */
  readonly samples?: string
  /** Where it is to listen. */
  readonly port: number
}

/** A real Prometheus that scrapes once a second; gone when its test leaves the block. */
export class Prometheus implements AsyncDisposable {
  readonly #dir: TempDir
  readonly #process: Bun.Subprocess
  readonly #url: string

  private constructor(
    dir: TempDir,
    { targets, tlsTargets = [], rules = "groups: []", port }: PrometheusOptions,
  ) {
    this.#dir = dir
    this.#url = `http://127.0.0.1:${port}`
    writeFileSync(dir.at("rules.yml"), rules)
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yml"],
      scrape_configs: [
        { job_name: "firn", static_configs: [{ targets }] },
        {
          job_name: "tls",
          scheme: "https",
          tls_config: { insecure_skip_verify: true },
          static_configs: [{ targets: tlsTargets }],
          // One job for all who look at them.
          relabel_configs: [{ target_label: "job", replacement: "firn" }],
        },
      ],
    }
    writeFileSync(this.#dir.at("prometheus.yml"), Bun.YAML.stringify(config))
    const where = [
      `--config.file=${this.#dir.at("prometheus.yml")}`,
      `--storage.tsdb.path=${this.#dir.at("data")}`,
      // Keeps samples of whatever time.
      "--storage.tsdb.retention.time=100y",
    ]
    this.#process = Bun.spawn(["prometheus", ...where, `--web.listen-address=127.0.0.1:${port}`], {
      stdout: "ignore",
      stderr: "ignore",
    })
  }

  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const dir = new TempDir()
    try {
      if (options.samples !== undefined) await storeSamples(dir, options.samples)
    } catch (error) {
      dir[Symbol.dispose]()
      throw error
    }
    const prometheus = new Prometheus(dir, options)
    try {
      await askUntil("Prometheus", () => prometheus.#isReady(), Boolean)
      return prometheus
    } catch (error) {
      await prometheus[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * @param atMs the time to ask for, Unix milliseconds
   * @throws Error with what Prometheus says is wrong with the query
   */
  async query(expression: string, atMs: number = Date.now()): Promise<readonly FoundSeries[]> {
    const parameters = new URLSearchParams({ query: expression, time: `${atMs / 1_000}` })
    const url = `${this.#url}/api/v1/query?${parameters}`
    const { status, error, data } = (await (await fetch(url)).json()) as QueryAnswer
    if (status !== "success" || data === undefined) throw new Error(`${expression}: ${error}`)
    return data.result
  }

  /** The names of the alerts that have fired. */
  async fired(): Promise<string[]> {
    const found = await this.query('last_over_time(ALERTS{alertstate="firing"}[10m])')
    return [...new Set(found.map(({ metric }) => metric["alertname"]!))].toSorted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.#process.exited
    this.#dir[Symbol.dispose]()
  }

  async #isReady(): Promise<boolean> {
    if (this.#process.exitCode !== null) throw new Error("Prometheus has ended")
    return await fetch(`${this.#url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  }
}

async function storeSamples(dir: TempDir, samples: string): Promise<void> {
  writeFileSync(dir.at("samples"), samples)
  const read = ["tsdb", "create-blocks-from", "openmetrics", dir.at("samples"), dir.at("data")]
  await runOrThrow(["promtool", ...read])
}
