import { chownSync } from "node:fs"
import { TempDir } from "../../test/support/temp-dir.ts"
import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import { ServerProcess } from "../machine/server-process.ts"
import { postgresProgram } from "../machine/tools.ts"

export const POSTGRES = "PostgreSQL nextval"

/** The user that Debian's package makes. */
const USER = "postgres"
const NEXTVAL = "SELECT nextval('ids')"

/** A PostgreSQL with one sequence, and pgbench as its client. */
export class Postgres {
  readonly #bench: Bench
  readonly #pgbench: string
  readonly #dir: TempDir
  readonly #port: number

  private constructor(bench: Bench, pgbench: string, dir: TempDir, port: number) {
    this.#bench = bench
    this.#pgbench = pgbench
    this.#dir = dir
    this.#port = port
  }

  /** @returns undefined when it is not installed, or there is no user it can run as */
  static async start(bench: Bench, owner: AsyncDisposableStack): Promise<Postgres | undefined> {
    const pgbench = bench.tool("pgbench", POSTGRES)
    if (pgbench === undefined) return undefined
    const initdb = postgresProgram("initdb")
    const server = postgresProgram("postgres")
    if (initdb === undefined || server === undefined) {
      bench.skip(POSTGRES, "the server is not installed: on Debian, apt-get install postgresql")
      return undefined
    }
    const asUser = unprivileged()
    if (asUser === undefined) {
      bench.skip(POSTGRES, `it refuses to run as root, and there is no user ${USER}`)
      return undefined
    }
    const dir = owner.use(new TempDir())
    if (asUser.uid !== undefined) chownSync(dir.path, asUser.uid, asUser.gid)
    const port = bench.port()
    const data = dir.at("data")
    const login = ["--username", USER, "--auth", "trust", "--no-sync"]
    await bench.run([...asUser.prefix, initdb, "--pgdata", data, ...login])
    const settings = ["-D", data, "-p", `${port}`, "-k", dir.path]
    settings.push("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100")
    owner.use(
      await ServerProcess.start([...asUser.prefix, server, ...settings], {
        core: "server",
        ready: /database system is ready to accept connections/,
        // Fast shutdown; SIGTERM would wait for clients.
        stopSignal: "SIGINT",
      }),
    )
    const postgres = new Postgres(bench, pgbench.path, dir, port)
    await postgres.#prepare()
    return postgres
  }

  /** Ids a second, one at a time on each connection. */
  async nextval(connections: number): Promise<Sample> {
    const output = await this.#run(this.#dir.at("nextval.sql"), [
      `--client=${connections}`,
      `--time=${Math.max(1, Math.round(this.#bench.seconds))}`,
      "--protocol=prepared",
    ])
    const tps = /tps = ([0-9.]+)/.exec(output)?.[1]
    if (tps === undefined) throw new Error(`pgbench told no rate: ${output}`)
    return { value: Number(tps) }
  }

  async #prepare(): Promise<void> {
    await Bun.write(this.#dir.at("nextval.sql"), `${NEXTVAL}\n`)
    const create = this.#dir.at("create.sql")
    await Bun.write(create, "CREATE SEQUENCE ids\n")
    await this.#run(create, ["--transactions", "1"])
  }

  async #run(script: string, args: readonly string[]): Promise<string> {
    const server = ["--host", "127.0.0.1", "--port", `${this.#port}`, "--username", USER]
    const command = [this.#pgbench, ...server, "--no-vacuum", ...args, "--file", script, "postgres"]
    return await this.#bench.run(command, "load")
  }
}

interface AsUser {
  readonly prefix: readonly string[]
  readonly uid?: number
  readonly gid: number
}

/** How to run a program that refuses root; undefined when there is no way. */
function unprivileged(): AsUser | undefined {
  if (process.getuid?.() !== 0) return { prefix: [], gid: 0 }
  const entry = Bun.spawnSync(["getent", "passwd", USER]).stdout.toString().split(":")
  if (entry.length < 4 || Bun.which("setpriv") === null) return undefined
  const prefix = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"]
  return { prefix, uid: Number(entry[2]), gid: Number(entry[3]) }
}
