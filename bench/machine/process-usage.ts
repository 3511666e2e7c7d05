import { readFileSync } from "node:fs"

/** The unit of times in /proc; a hundredth of a second on every Linux that matters here. */
const TICKS_PER_SECOND = 100
/** Where utime and stime stand, counted from the field after the name of the process. */
const USER_TICKS = 11
const SYSTEM_TICKS = 12

/** CPU time that a process has used in all its threads; undefined where /proc does not tell. */
export function cpuSeconds(pid: number | undefined): number | undefined {
  const fields = pid === undefined ? undefined : statOf(pid)
  if (fields === undefined) return undefined
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND
}

/** Resident memory of a process in bytes; undefined where /proc does not tell. */
export function residentBytes(pid: number): number | undefined {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`) ?? "")
  return line === null ? undefined : Number(line[1]) * 1_024
}

/** The fields after the name of the process. It is in brackets, and may contain brackets too. */
function statOf(pid: number): string[] | undefined {
  const text = textOf(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}
