import { mkdirSync } from "node:fs"
import { run, runOrThrow } from "./command.ts"
import { FIRN } from "./firn-process.ts"
import { HOLD, HeldProcess } from "./held-process.ts"
import { IN_MOUNTS } from "./privileges.ts"
import { TempDir } from "./temp-dir.ts"

/** In a file, so that it can be mounted again. With a journal, which `fail` aborts. */
const EXT4_IMAGE = 'truncate -s "$2" "$1.image" && mkfs.ext4 -q "$1.image"'

/**
 * A disk that a test can fill and break. It is mounted in a mount namespace that a process of ours
 * holds, so that nobody else sees it and it is gone with that process. Only what is started through
 * `firn` or `run` sees it.
 */
export class TestDisk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  readonly #dir: TempDir
  readonly #holder: HeldProcess
  readonly #enter: readonly string[]

  private constructor(dir: TempDir, holder: HeldProcess, userNamespace: boolean) {
    this.#dir = dir
    this.path = mountPoint(dir)
    this.#holder = holder
    const user = userNamespace ? ["--user", "--preserve-credentials"] : []
    this.#enter = ["nsenter", "--target", `${holder.pid}`, "--mount", ...user]
  }

  /** One in memory. @param size as mount takes it, such as 64k */
  static async inMemory(size: string): Promise<TestDisk> {
    return await TestDisk.#mount(IN_MOUNTS, 'mount -t tmpfs -o size="$2" firn-test "$1"', size)
  }

  /** One with ext4 on a loop device, which takes root. */
  static async ext4(size: string): Promise<TestDisk> {
    const script = `${EXT4_IMAGE} && mount -o loop "$1.image" "$1"`
    return await TestDisk.#mount(["unshare", "--mount"], script, size)
  }

  static async #mount(unshare: readonly string[], script: string, size: string): Promise<TestDisk> {
    const dir = new TempDir()
    mkdirSync(mountPoint(dir))
    try {
      const shell = ["sh", "-ec", `${script}; ${HOLD}`, "sh", mountPoint(dir), size]
      const holder = await HeldProcess.start([...unshare, ...shell])
      return new TestDisk(dir, holder, unshare.includes("--user"))
    } catch (error) {
      dir[Symbol.dispose]()
      throw error
    }
  }

  /** What starts a `firn` that sees the disk. */
  get firn(): readonly string[] {
    return [...this.#enter, ...FIRN]
  }

  /** Runs a program that sees the disk. @throws Error when it fails */
  async run(...command: string[]): Promise<void> {
    await runOrThrow([...this.#enter, ...command])
  }

  /** Takes all the room there is. */
  async fill(): Promise<void> {
    // One block at a time: it ends when there is no room for one.
    const output = [`of=${this.path}/filler`, "oflag=append", "conv=notrunc", "bs=1k"]
    await run([...this.#enter, "dd", "if=/dev/zero", ...output])
  }

  async empty(): Promise<void> {
    await this.run("rm", `${this.path}/filler`)
  }

  /** Lets every write wait, as a disk that stalls; it goes on when the result is disposed of. */
  async freeze(): Promise<AsyncDisposable> {
    const script = `fsfreeze --freeze "$1"; ${HOLD}; fsfreeze --unfreeze "$1"`
    return await HeldProcess.start([...this.#enter, "sh", "-ec", script, "sh", this.path])
  }

  /** As the kernel does when a disk fails: nothing can be written until `repair`. Ext4 only. */
  async fail(): Promise<void> {
    await this.run("mount", "-o", "remount,abort", this.path)
  }

  /** Mounts it anew; nobody may have a file of it open. */
  async repair(): Promise<void> {
    await this.run("umount", this.path)
    await this.run(
      "sh",
      "-ec",
      'e2fsck -fy "$1" >/dev/null || test $? = 1',
      "sh",
      `${this.path}.image`,
    )
    await this.run("mount", "-o", "loop", `${this.path}.image`, this.path)
  }

  /** Makes it read-only, or not; nobody may have a file of it open. */
  async setReadOnly(isReadOnly: boolean): Promise<void> {
    await this.run("mount", "-o", `remount,bind,${isReadOnly ? "ro" : "rw"}`, this.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder[Symbol.asyncDispose]()
    this.#dir[Symbol.dispose]()
  }
}

function mountPoint(dir: TempDir): string {
  return dir.at("disk")
}
