import { dlopen, ptr } from "bun:ffi"

/** An option of a socket, by the numbers of Linux. */
export const SocketOption = {
  KEEPALIVE: [1, 9],
  KEEP_IDLE: [6, 4],
  USER_TIMEOUT: [6, 18],
} as const
export type SocketOption = (typeof SocketOption)[keyof typeof SocketOption]

/** Reads an option of a socket of Bun. Linux with glibc only. */
export function socketOption(socket: object, [level, name]: SocketOption): number {
  const { symbols } = dlopen("libc.so.6", {
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  })
  const { fd } = socket as { readonly fd: number }
  const value = new Int32Array(1)
  const size = new Uint32Array([value.byteLength])
  const failed = symbols.getsockopt(fd, level, name, ptr(value), ptr(size))
  if (failed !== 0) throw new Error(`option ${name} of descriptor ${fd} cannot be read`)
  return value[0]!
}
