import { dlopen, ptr } from "bun:ffi"
import { existsSync } from "node:fs"

/** What Bun has no function for, and the C library has. */
export interface Libc {
  /**
   * Sets how long data may go unacknowledged by the other side before the connection is given up.
   * Sockets that are accepted take it over from the one that listens.
   * @returns false when the system has refused it
   */
  setUserTimeout(fd: number, timeoutMs: number): boolean
  /** @returns another descriptor of the same socket; below 0 when there is none to be had */
  duplicate(fd: number): number
}

/** The numbers of Linux, on every processor that Bun runs on. */
const IPPROTO_TCP = 6
const TCP_USER_TIMEOUT = 18

/** Where musl lies, which is its own loader. glibc is found by its name. */
const MUSL = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"]
const GLIBC = "libc.so.6"

/** @returns undefined where that is not possible: not on Linux, or with another C library */
export function openLibc(): Libc | undefined {
  if (process.platform !== "linux") return undefined
  const library = MUSL.find((path) => existsSync(path)) ?? GLIBC
  try {
    return libcOf(library)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_DLOPEN_FAILED") return undefined
    throw error
  }
}

function libcOf(library: string): Libc {
  const { symbols } = dlopen(library, {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    dup: { args: ["i32"], returns: "i32" },
  })
  return {
    setUserTimeout(fd, timeoutMs) {
      const value = new Int32Array([timeoutMs])
      const { byteLength } = value
      return symbols.setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ptr(value), byteLength) === 0
    },
    duplicate: (fd) => symbols.dup(fd),
  }
}
