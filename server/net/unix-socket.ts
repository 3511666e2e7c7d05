import { lstatSync, unlinkSync } from "node:fs"
import { connect } from "node:net"
import { ListenError } from "./address.ts"
import type { UnixAddress } from "./address.ts"

/**
 * Removes the socket that a process has left behind which was killed. One that somebody listens on
 * stays, and so does what is no socket.
 * @param what what is to listen there, for the error
 * @throws ListenError when there is a file that is no socket, or that may not be removed
 */
export async function removeStaleSocket(what: string, address: UnixAddress): Promise<void> {
  const stats = lstatSync(address.path, { throwIfNoEntry: false })
  if (stats === undefined) return
  try {
    if (!stats.isSocket()) throw new Error("there is a file that is no socket")
    if (await isListenedOn(address)) return
    unlinkSync(address.path)
  } catch (error) {
    throw new ListenError(what, address, error)
  }
}

/** Runs what makes a unix socket, so that it has this mode from its first moment on. */
export function withSocketMode<T>(mode: number, make: () => T): T {
  const before = process.umask(0o777 & ~mode)
  try {
    return make()
  } finally {
    process.umask(before)
  }
}

async function isListenedOn({ path }: UnixAddress): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.once("connect", () => resolve(true))
  // Of any other error, that somebody's queue is full for example, nothing of the kind is known.
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
