import { dlopen, ptr } from "bun:ffi"
import { existsSync } from "node:fs"

/**
 * Sets how long data may go unacknowledged by the other side before the connection is given up.
 * Sockets that are accepted take it over from the one that listens.
 * @returns false when the system has refused it
 */
export type SetUserTimeout = (fd: number, timeoutMs: number) => boolean

/** The numbers of Linux, on every processor that Bun runs on. */
const IPPROTO_TCP = 6
const TCP_USER_TIMEOUT = 18

/** Where musl lies, which is its own loader. glibc is found by its name. */
const MUSL = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"]
const GLIBC = "libc.so.6"

/**
 * Bun has nothing that sets this option, so the C library is called.
 * @returns undefined where that is not possible: not on Linux, or with another C library
 */
export function loadSetUserTimeout(): SetUserTimeout | undefined {
  if (process.platform !== "linux") return undefined
  const library = MUSL.find((path) => existsSync(path)) ?? GLIBC
  try {
    return setUserTimeoutOf(library)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_DLOPEN_FAILED") return undefined
    throw error
  }
}

function setUserTimeoutOf(library: string): SetUserTimeout {
  const { symbols } = dlopen(library, {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  })
  return (fd, timeoutMs) => {
    const value = new Int32Array([timeoutMs])
    return symbols.setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ptr(value), value.byteLength) === 0
  }
}
