import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { ROOT } from "../../support/paths.ts"
import type { Mutation } from "./mutation.ts"

/** What the simulation is made of. */
const COPIED = [
  "protocol",
  "server",
  "test/simulation",
  "test/support",
  "package.json",
  "tsconfig.json",
]

/** For one command. A mistake that makes the server loop for ever is not found by waiting. */
const TIMEOUT_MS = 180_000

/** @throws Error when the text does not stand in the source just once: the mutation is out of date */
export function mutated(source: string, { name, file, text, replacement }: Mutation): string {
  const parts = source.split(text)
  if (parts.length === 2) return parts.join(replacement)
  throw new Error(`"${name}" fits ${file} in ${parts.length - 1} places, not in one: ${text}`)
}

/** A copy of the project that mistakes can be made in. */
export class Mutant {
  readonly #dir = mkdtempSync(join(tmpdir(), "firn-mutant-"))

  constructor() {
    for (const path of COPIED) {
      mkdirSync(dirname(join(this.#dir, path)), { recursive: true })
      cpSync(join(ROOT, path), join(this.#dir, path), { recursive: true })
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.#dir, "node_modules"))
  }

  /** Does something with the copy while the mistake is in it. */
  having<T>(mutation: Mutation, work: () => T): T {
    const path = join(this.#dir, mutation.file)
    const source = readFileSync(path, "utf8")
    writeFileSync(path, mutated(source, mutation))
    try {
      return work()
    } finally {
      writeFileSync(path, source)
    }
  }

  /** Runs the simulation of the copy. @returns what it wrote, and 1 when it found something */
  simulate(args: readonly string[]): { readonly output: string; readonly exitCode: number } {
    const command = [process.execPath, "test/simulation/simulate.ts", ...args]
    const run = Bun.spawnSync(command, { cwd: this.#dir, timeout: TIMEOUT_MS })
    return { output: run.stdout.toString() + run.stderr.toString(), exitCode: run.exitCode }
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true })
  }
}
