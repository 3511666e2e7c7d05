import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { NODE_METRICS } from "../../server/node-metrics.ts"
import { PROCESS_METRICS } from "../../server/process-metrics.ts"
import { run } from "../support/command.ts"
import { ROOT } from "../support/paths.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const FOLDER = join(ROOT, "deploy/prometheus")
const RULES = readFileSync(join(FOLDER, "firn.rules.yml"), "utf8")
const RULE_TESTS = readFileSync(join(FOLDER, "firn.rules.test.yml"), "utf8")
const RUNBOOK = readFileSync(join(ROOT, "docs/runbook.md"), "utf8")

const alerts = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!)

describe("each alert", () => {
  test.each(alerts)(
    "%s has a section of the runbook, and tests that it fires and keeps quiet",
    (alert) => {
      const [, section] = new RegExp(`\\n## ${alert}\n([^]*?)(?:\n## |$)`).exec(RUNBOOK) ?? []
      for (const part of ["**Means**", "**See**", "**Do**"]) expect(section).toContain(part)
      expect(RULES).toContain(`runbook: docs/runbook.md#${alert.toLowerCase()}\n`)
      expect(RULE_TESTS).toContain(`name: ${alert} fires\n`)
      expect(RULE_TESTS).toContain(`name: ${alert} keeps quiet\n`)
    },
  )

  test("is of metrics that there are", () => {
    const known = [...NODE_METRICS, ...PROCESS_METRICS].map(({ name }) => name)
    const used = [...RULES.matchAll(/\b(?:firn|process)_[a-z_]+/g)]
      .map(([name]) => name.replace(/_bucket$/, ""))
      .filter((name) => !name.startsWith("firn_rules"))
    expect(used.length).toBeGreaterThan(10)
    expect(used.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe("promtool", () => {
  testWith("promtool").each([
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "firn.rules.yml"],
    ["test", "rules", "firn.rules.test.yml"],
  ])("%s %s %s", async (action, what, file) => {
    const command = ["promtool", action, what, join(FOLDER, file)]
    const { exitCode, stdout, stderr } = await run(command)
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 })
    expect(stdout).toContain("SUCCESS")
  })
})
