/** How many files, and so connections, a process may have open at most (`ulimit -n`). */
export function openFilesMax(): number {
  const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -Hn"])
  const limit = stdout.toString().trim()
  return limit === "unlimited" ? Infinity : Number(limit)
}
