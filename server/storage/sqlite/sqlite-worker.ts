/*
 * The thread that has the data directory: an fsync of 40 ms here does not keep the sockets waiting.
 * Requests are answered one by one, in order.
 */
import { StoreError, StoreFault } from "../errors.ts"
import { Ownership } from "../ownership.ts"
import { DirectoryRecords } from "./directory-records.ts"
import { NodeFile } from "./node-file.ts"
import type { StoredNode, WantedIdentity } from "../node-store.ts"

export type StoreRequest =
  | { readonly kind: "open"; readonly dataDir: string; readonly wanted: WantedIdentity }
  | { readonly kind: "extend"; readonly mark: number }
  | { readonly kind: "close"; readonly mark: number | undefined }

export type StoreReply =
  | { readonly kind: "opened"; readonly node: StoredNode }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly fault: StoreFault; readonly message: string }

declare const self: Worker

/** What this process has open. */
interface Held {
  /** Kept here for the thread's life: a handle that is garbage-collected loses its lock. */
  readonly file: NodeFile
  readonly ownership: Ownership
}

let held: Held | undefined
/** The answer to the last request so far. */
let last = Promise.resolve()

async function answer(request: StoreRequest): Promise<StoreReply> {
  if (request.kind === "open") {
    held = await open(request.dataDir, request.wanted)
    const { file, ownership } = held
    return { kind: "opened", node: { ...file.node, mark: ownership.mark } }
  }
  if (held === undefined) throw new Error("the store is not open")
  try {
    if (request.mark !== undefined) await held.ownership.store(request.mark)
  } finally {
    if (request.kind === "close") held.file.close()
  }
  return { kind: "done" }
}

async function open(dataDir: string, wanted: WantedIdentity): Promise<Held> {
  const file = NodeFile.open(dataDir, wanted)
  try {
    // Only now: whoever is refused the lock must not take the identity from the one that has it.
    return { file, ownership: await Ownership.claim(new DirectoryRecords(dataDir, file)) }
  } catch (error) {
    file.close()
    throw error
  }
}

async function reply(request: StoreRequest): Promise<void> {
  let said: StoreReply
  try {
    said = await answer(request)
  } catch (error) {
    const fault = error instanceof StoreError ? error.fault : StoreFault.UNUSABLE
    said = { kind: "failed", fault, message: (error as Error).message }
  }
  self.postMessage(said)
}

self.onmessage = ({ data }: MessageEvent<StoreRequest>): void => {
  last = last.then(() => reply(data))
}
