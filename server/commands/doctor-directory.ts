import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { durationText } from "../../protocol/index.ts"
import type { Values } from "../config/settings.ts"
import { storedIdentity } from "../storage/open-store.ts"
import { Findings } from "./doctor-finding.ts"
import type { Finding } from "./doctor-finding.ts"
import { dataDirOf } from "./node-input.ts"

/** A node needs a few pages; with less than this left something else will soon have used them. */
const FREE_MIN_BYTES = 64 * 1024 * 1024

/**
 * Reads what is stored, also while a node runs; changes nothing.
 * @throws StoreError when it cannot be read, or is another identity than the one given
 */
export function checkDirectory(options: Values<"doctor">): Finding[] {
  const findings = new Findings("data directory")
  const dataDir = dataDirOf(options)
  const stored = storedIdentity({ dataDir }, { nodeId: options.nodeId, epochMs: options.epoch })
  if (stored === undefined) {
    const id = options.nodeId
    if (id === undefined) {
      findings.bad(`nothing is stored in ${dataDir}: give --node-id N for a first start`)
    } else
      findings.ok(`nothing is stored in ${dataDir}: a start makes it the directory of node ${id}`)
  } else {
    const { nodeId, epochMs, mark } = stored
    const epoch = new Date(epochMs).toISOString()
    const aheadMs = epochMs + mark - Date.now()
    const limitMs = options.maxClockLead
    const what = `${dataDir} is of node ${nodeId}, epoch ${epoch}`
    if (aheadMs > limitMs) {
      findings.bad(
        `${what}, and its mark is ${durationText(aheadMs)} ahead of the clock: set the clock right; ` +
          `with this one there are no ids for ${durationText(aheadMs - limitMs)}`,
      )
    } else findings.ok(`${what}, mark ${new Date(epochMs + mark).toISOString()}`)
  }
  checkPlace(nearest(dataDir), findings)
  return findings.list
}

function checkPlace(place: string, findings: Findings): void {
  if (!statSync(place).isDirectory()) findings.bad(`${place} is not a directory`)
  else if (!isWritable(place)) {
    findings.bad(`${place} cannot be written by this user: chown it, or run the node as its owner`)
  }
  const { bavail, bsize } = statfsSync(place)
  const free = bavail * bsize
  if (free < FREE_MIN_BYTES) {
    findings.bad(`${Math.floor(free / 1024 / 1024)} MiB are free at ${place}: make room`)
  }
}

/** The directory itself or, before it is made, the one in which it will be. */
function nearest(path: string): string {
  let place = resolve(path)
  while (!existsSync(place)) place = dirname(place)
  return place
}

function isWritable(place: string): boolean {
  try {
    accessSync(place, constants.W_OK)
    return true
  } catch {
    return false
  }
}
