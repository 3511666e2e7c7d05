import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { StoredNode } from "../node-store.ts"
import type { OwnerRecords } from "../ownership.ts"
import {
  MARK_RECORD_BYTES,
  createMarkRecord,
  readMarkRecord,
  writeMarkRecord,
} from "./mark-record.ts"
import type { NodeFile } from "./node-file.ts"
import { readOwner, writeOwner } from "./owner-register.ts"
import { leaveSpare } from "./spare.ts"
import { explaining } from "./sqlite-errors.ts"

/** `node.<token>.mark`, or its draft. */
const MARK_NAME = /^node\.[0-9a-f-]{36}\.mark(\.new)?$/

/**
 * The records of a data directory, in files of their own beside `node.sqlite`:
 *
 *     node.owner           the register
 *     node.<token>.mark    the mark of the process with this token
 *     node.spare           room for the mark of the next process
 *
 * Each mark goes into `node.sqlite` as well, which has the latest one unless two processes have
 * written to it at the same time.
 */
export class DirectoryRecords implements OwnerRecords {
  readonly #dataDir: string
  readonly #file: NodeFile
  readonly #token = crypto.randomUUID()
  /** The paths of what `readMark` has read. */
  #others: readonly string[] = []
  #hasMark = false

  constructor(dataDir: string, file: NodeFile) {
    this.#dataDir = dataDir
    this.#file = file
  }

  claim(): void {
    const path = this.#registerPath
    explaining(path, () => writeOwner(path, this.#token))
  }

  otherOwner(): string | undefined {
    const path = this.#registerPath
    const { token, who } = explaining(path, () => readOwner(path))
    if (token === this.#token) return undefined
    return `another process has taken over ${this.#dataDir} (${who || "it has not said who it is"})`
  }

  readMark(): number {
    const { node } = this.#file
    const names = explaining(this.#dataDir, () => readdirSync(this.#dataDir))
    this.#others = names.filter((name) => MARK_NAME.test(name)).map((name) => this.#at(name))
    const marks = this.#others
      .filter((path) => path.endsWith(".mark"))
      .map((path) => explaining(path, () => markFor(node, path)))
    return Math.max(node.mark, ...marks)
  }

  writeMark(mark: number): void {
    this.#file.writeMark(mark)
    const path = this.#markPath
    const write = this.#hasMark ? writeMarkRecord : createMarkRecord
    explaining(path, () => write(path, this.#file.node, mark))
    this.#hasMark = true
  }

  removeOthers(): void {
    for (const path of this.#others) explaining(path, () => rmSync(path, { force: true }))
    // What they took up is free now.
    const draft = `${this.#markPath}.new`
    explaining(draft, () => leaveSpare(draft, MARK_RECORD_BYTES))
  }

  get #registerPath(): string {
    return this.#at("node.owner")
  }

  get #markPath(): string {
    return this.#at(`node.${this.#token}.mark`)
  }

  #at(name: string): string {
    return join(this.#dataDir, name)
  }
}

/** The mark that a file has for this node: 0 when it is of another one, or has just been removed. */
function markFor({ nodeId, epochMs }: StoredNode, path: string): number {
  const record = readMarkRecord(path)
  return record?.nodeId === nodeId && record.epochMs === epochMs ? record.mark : 0
}
