import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import type { Identity, StoredNode } from "../node-store.ts"
import { FILE_MODE } from "./modes.ts"
import { syncDirectory } from "./place-new.ts"
import { takeSpare } from "./spare.ts"
import { corrupt } from "./sqlite-errors.ts"

/*
 * The file `node.<token>.mark`: the mark of one process, twice, 4,096 bytes apart.
 *
 *     node 5 epoch 1767225600000 mark 12345678 sha256 2c26b46b…\n, then zeros
 *
 * The copies are written and synced one after the other. A power cut spoils at most the one that is
 * being written, and the other has a mark that is right: either was never more than asked for.
 */

/** No disk writes a larger piece as one. */
const COPY_BYTES = 4_096
const COPIES = [0, COPY_BYTES]
/** How large the file is. */
export const MARK_RECORD_BYTES: number = COPIES.length * COPY_BYTES

const LINE = /^(node (\d+) epoch (-?\d+) mark (\d+)) sha256 ([0-9a-f]{64})\n/

/** Makes the file of a process that has none yet: it is there whole, or it is not there. */
export function createMarkRecord(path: string, identity: Identity, mark: number): void {
  const draft = `${path}.new`
  takeSpare(draft)
  const file = openSync(draft, constants.O_CREAT | constants.O_WRONLY, FILE_MODE)
  try {
    for (const at of COPIES) writeCopy(file, at, identity, mark)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  syncDirectory(dirname(path))
}

export function writeMarkRecord(path: string, identity: Identity, mark: number): void {
  const file = openSync(path, "r+")
  try {
    for (const at of COPIES) {
      writeCopy(file, at, identity, mark)
      fdatasyncSync(file)
    }
  } finally {
    closeSync(file)
  }
}

/**
 * The later mark of the copies that can be read.
 * @returns undefined when the file is gone
 * @throws StoreError CORRUPT when no copy can be read
 */
export function readMarkRecord(path: string): StoredNode | undefined {
  const bytes = readIfThere(path)
  if (bytes === undefined) return undefined
  const copies = COPIES.flatMap((at) => parse(bytes.toString("latin1", at, at + COPY_BYTES)) ?? [])
  const [first, second] = copies
  if (first === undefined) throw corrupt(path, "no copy of its mark can be read")
  return second !== undefined && second.mark > first.mark ? second : first
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

function writeCopy(file: number, at: number, { nodeId, epochMs }: Identity, mark: number): void {
  const said = `node ${nodeId} epoch ${epochMs} mark ${mark}`
  const copy = Buffer.alloc(COPY_BYTES)
  copy.write(`${said} sha256 ${checksum(said)}\n`, "latin1")
  writeSync(file, copy, 0, COPY_BYTES, at)
}

function parse(text: string): StoredNode | undefined {
  const [, said, nodeId, epochMs, mark, sum] = LINE.exec(text) ?? []
  if (said === undefined || sum !== checksum(said)) return undefined
  return { nodeId: Number(nodeId), epochMs: Number(epochMs), mark: Number(mark) }
}

function checksum(said: string): string {
  return new Bun.CryptoHasher("sha256").update(said).digest("hex")
}
