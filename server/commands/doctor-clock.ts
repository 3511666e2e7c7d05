import { existsSync } from "node:fs"
import type { AskedStatus } from "./ask-node.ts"
import { Findings } from "./doctor-finding.ts"
import type { Finding } from "./doctor-finding.ts"

/** What systemd-timesyncd leaves once it has set the clock. */
const TIMESYNCD = "/run/systemd/timesync/synchronized"
/** A clock that is further off than this is warned about, as a node does. */
const SKEW_LIMIT_MS = 1_000
/** chronyd's estimate of how far the clock may be off. */
const OFFSET_LIMIT_SECONDS = 1

/** Another node that was asked. */
export interface NodeAnswer {
  readonly nodeId: number
  readonly asked: AskedStatus
}

/** Whether something keeps the clock right. */
export function checkClock(): Finding[] {
  const findings = new Findings("clock")
  const chrony = chronyTracking()
  if (chrony !== undefined) judgeChrony(chrony, findings)
  else if (existsSync(TIMESYNCD)) findings.ok("systemd-timesyncd has synchronized it")
  else {
    findings.warn(
      "neither chrony nor systemd-timesyncd has synchronized it here: where nothing else does, as the host of a " +
        "container, install one of them",
    )
  }
  return findings.list
}

/** How far the clocks of the nodes that answered are from this machine's. */
export function checkPeerClocks(answers: readonly NodeAnswer[]): Finding[] {
  const findings = new Findings("clocks")
  for (const { nodeId, asked } of answers) {
    const { skewMs, roundTripMs } = asked
    // Known to half of the round trip; a clock tells whole milliseconds.
    if (Math.abs(skewMs) - roundTripMs / 2 - 1 <= SKEW_LIMIT_MS) continue
    const side = skewMs > 0 ? "ahead of" : "behind"
    const off = Math.round(Math.abs(skewMs))
    findings.warn(`that of node ${nodeId} is ${off} ms ${side} this one: see to NTP at both`)
  }
  if (answers.length > 0 && findings.list.length === 0) {
    findings.ok(`those of the ${answers.length} other nodes that answered agree to a second`)
  }
  return findings.list
}

/** The lines of `chronyc -c tracking`, as fields; undefined where chrony does not run. */
function chronyTracking(): readonly string[] | undefined {
  const chronyc = Bun.which("chronyc")
  if (chronyc === null) return undefined
  const { success, stdout } = Bun.spawnSync([chronyc, "-c", "tracking"], {
    stdout: "pipe",
    stderr: "ignore",
  })
  return success ? stdout.toString().trim().split(",") : undefined
}

/** @param fields reference id, name, stratum, time, offset …, and at the end the leap status */
function judgeChrony(fields: readonly string[], findings: Findings): void {
  const offset = Math.abs(Number(fields[4]))
  if (fields.at(-1) === "Not synchronised") {
    findings.bad("chrony has not synchronized it: see chronyc sources")
  } else if (offset > OFFSET_LIMIT_SECONDS) {
    findings.bad(`chrony says that it is ${offset} s off: see chronyc tracking`)
  } else findings.ok(`chrony has synchronized it, to ${offset} s`)
}
