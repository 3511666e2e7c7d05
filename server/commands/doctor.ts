import type { Command } from "commander"
import { InputError } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { ExitCode, ServerError } from "../errors.ts"
import { textTable } from "../text-table.ts"
import { checkClock, checkPeerClocks } from "./doctor-clock.ts"
import { checkDirectory } from "./doctor-directory.ts"
import { checkPeers, checkPorts } from "./doctor-network.ts"
import type { Finding } from "./doctor-finding.ts"
import { checkOpenFiles, checkTls } from "./doctor-system.ts"

export function defineDoctor(program: Command): void {
  const description =
    "look for what would keep a node from its work, with the options that it is started with"
  defineCommand(program, "doctor", description).action(doctor)
}

async function doctor(options: Values<"doctor">): Promise<void> {
  const findings: Finding[] = []
  const asked = await attempt("peers", findings, () => checkPeers(options))
  const checks: readonly [string, () => Promise<Finding[]> | Finding[]][] = [
    ["data directory", () => checkDirectory(options)],
    ["clock", checkClock],
    ["clocks", () => checkPeerClocks(asked?.answers ?? [])],
    ["open files", () => checkOpenFiles(options)],
    ["ports", () => checkPorts(options)],
    ["peers", () => asked?.findings ?? []],
    ["TLS", () => checkTls(options)],
  ]
  for (const [name, check] of checks) {
    findings.push(...((await attempt(name, findings, check)) ?? []))
  }
  console.log(
    options.json ? findings.map((one) => JSON.stringify(one)).join("\n") : shown(findings),
  )
  process.exitCode = findings.some(({ verdict }) => verdict === "bad") ? ExitCode.FAILURE : 0
}

/** What a check throws, in its words for people, is a finding as well. */
async function attempt<T>(
  name: string,
  findings: Finding[],
  check: () => Promise<T> | T,
): Promise<T | undefined> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof InputError) && !(error instanceof ServerError)) throw error
    findings.push({ verdict: "bad", check: name, says: error.message })
    return undefined
  }
}

function shown(findings: readonly Finding[]): string {
  return textTable(findings.map(({ verdict, check, says }) => [verdict, check, says])).join("\n")
}
