import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { run } from "./command.ts"
import type { CommandOutcome } from "./command.ts"
import { ROOT } from "./paths.ts"
import { TempDir } from "./temp-dir.ts"

/** Where the client's package lies. */
const CLIENT_SDK = join(ROOT, "client-sdk")

/** A new project with nothing in it but the packed client, installed. */
export class InstalledClient implements Disposable {
  readonly #dir = new TempDir()
  /** The path of the tarball. */
  tarball = ""

  private constructor() {}

  static async create(): Promise<InstalledClient> {
    const project = new InstalledClient()
    try {
      await project.#install()
    } catch (error) {
      project[Symbol.dispose]()
      throw error
    }
    return project
  }

  /** Writes a file of the project. @returns its path */
  write(name: string, text: string): string {
    const path = this.#dir.at("project", name)
    writeFileSync(path, text)
    return path
  }

  /** Where a file of the installed package lies. */
  at(...names: string[]): string {
    return this.#dir.at("project", "node_modules", "firn-client", ...names)
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]()
  }

  async #install(): Promise<void> {
    const packed = ["npm", "pack", "--silent", "--pack-destination", this.#dir.path, CLIENT_SDK]
    const { stdout } = await succeed(packed)
    this.tarball = this.#dir.at(stdout.trim().split("\n").at(-1)!)
    mkdirSync(this.#dir.at("project"))
    this.write("package.json", JSON.stringify({ private: true, type: "module" }))
    const prefix = ["--prefix", this.#dir.at("project")]
    await succeed(["npm", "install", "--silent", "--offline", ...prefix, this.tarball])
  }
}

/** A command of the project's own tools. */
export function tool(name: string): string {
  return join(ROOT, "node_modules/.bin", name)
}

/** @throws Error with what it wrote, when it fails */
async function succeed(command: readonly string[]): Promise<CommandOutcome> {
  const outcome = await run(command)
  if (outcome.exitCode === 0) return outcome
  throw new Error(`${command.join(" ")}: ${outcome.stdout}${outcome.stderr}`)
}
