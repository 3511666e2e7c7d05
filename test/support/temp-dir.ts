import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A new directory of a test, removed when the test leaves the block: `using dir = new TempDir()`. */
export class TempDir implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "firn-test-"))

  /** A path inside. */
  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
