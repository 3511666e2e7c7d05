import { readFileSync } from "node:fs"

/** The processes that a process has started, theirs included. Linux only. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()
  const children = text === "" ? [] : text.split(" ").map(Number)
  return children.flatMap((child) => [child, ...childrenOf(child)])
}
