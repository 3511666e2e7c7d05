import { describe, expect } from "bun:test"
import { closeSync, openSync } from "node:fs"
import { join } from "node:path"
import type { OpenFiles } from "../../../server/net/open-files.ts"
import { isDescriptorLeft, openFiles } from "../../../server/net/open-files.ts"
import { ROOT } from "../../support/paths.ts"
import { testWith } from "../../support/tools.ts"

const MODULE = join(ROOT, "server/net/open-files.ts")

/** What a program prints, as JSON, that a shell starts after it has set its limits. */
function printedUnder(limits: string, program: string): unknown {
  const source = `import { isDescriptorLeft, openFiles } from ${JSON.stringify(MODULE)}
    import { closeSync, openSync } from "node:fs"
    ${program}`
  const script = `${limits}; exec "$0" -e "$1"`
  const { stdout, stderr } = Bun.spawnSync(["bash", "-c", script, process.execPath, source], {
    stdout: "pipe",
    stderr: "pipe",
  })
  expect(stderr.toString()).toBe("")
  return JSON.parse(stdout.toString())
}

describe("the limit of open files", () => {
  testWith("bash", "/proc")("is the hard one, whatever the soft one was", () => {
    const program = "console.log(JSON.stringify(openFiles()))"
    const { limit, open } = printedUnder("ulimit -Sn 64; ulimit -Hn 128", program) as OpenFiles
    expect(limit).toBe(128)
    expect(open).toBeGreaterThan(3)
    expect(open).toBeLessThan(64)
  })

  testWith("/proc")("comes with what is open", () => {
    const before = openFiles()!.open
    const descriptors = Array.from({ length: 50 }, () => openSync("/dev/null", "r"))
    const during = openFiles()!.open
    for (const descriptor of descriptors) closeSync(descriptor)
    // Those of a process that has just ended may be closed meanwhile.
    expect(during).toBeWithin(before + 45, before + 51)
  })

  testWith("bash", "/proc")("is felt when all descriptors are taken, until one is free", () => {
    const program = `
      const taken = []
      const found = [isDescriptorLeft()]
      try { for (;;) taken.push(openSync("/dev/null", "r")) } catch (error) { found.push(error.code) }
      found.push(isDescriptorLeft())
      closeSync(taken.pop())
      found.push(isDescriptorLeft())
      closeSync(taken.pop())
      console.log(JSON.stringify(found))`
    expect(printedUnder("ulimit -n 64", program)).toEqual([true, "EMFILE", false, true])
    expect(isDescriptorLeft()).toBe(true)
  })
})
