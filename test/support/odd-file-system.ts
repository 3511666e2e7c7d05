import { join } from "node:path"
import { TempDir } from "./temp-dir.ts"

/** What a file system of the field does differently; the fixture says what each means. */
export type Oddity = "locks-not-kept" | "no-locks" | "no-links"

const SOURCE = join(import.meta.dir, "../fixtures/odd-file-system.c")

/** The library that makes a process's file systems odd, built anew; needs `testWith("cc")`. */
export class OddFileSystem implements Disposable {
  readonly #dir = new TempDir()
  readonly #library = this.#dir.at("odd-file-system.so")

  constructor() {
    const command = [
      "cc",
      "-shared",
      "-fPIC",
      "-O2",
      "-Wall",
      "-Werror",
      "-o",
      this.#library,
      SOURCE,
    ]
    const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" })
    if (exitCode !== 0) throw new Error(`cc: ${stderr.toString()}`)
  }

  /** The variables of a process for which file systems are like this. */
  env(...oddities: readonly Oddity[]): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, ODD_FS: oddities.join(" ") }
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]()
  }
}
