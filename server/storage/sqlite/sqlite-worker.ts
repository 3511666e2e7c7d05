/*
 * The thread that holds `node.sqlite`: an fsync of 40 ms here does not keep the sockets waiting.
 * Requests are answered one by one, in order.
 */
import { StoreError, StoreFault } from "../errors.ts"
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

/** Kept here for the thread's life: a handle that is garbage-collected loses its lock. */
let file: NodeFile | undefined

function answer(request: StoreRequest): StoreReply {
  if (request.kind === "open") {
    file = NodeFile.open(request.dataDir, request.wanted)
    return { kind: "opened", node: file.node }
  }
  if (file === undefined) throw new Error("the store is not open")
  try {
    if (request.mark !== undefined) file.writeMark(request.mark)
  } finally {
    if (request.kind === "close") file.close()
  }
  return { kind: "done" }
}

self.onmessage = (event: MessageEvent<StoreRequest>): void => {
  let reply: StoreReply
  try {
    reply = answer(event.data)
  } catch (error) {
    const fault = error instanceof StoreError ? error.fault : StoreFault.UNUSABLE
    reply = { kind: "failed", fault, message: (error as Error).message }
  }
  self.postMessage(reply)
}
