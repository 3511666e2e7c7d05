import { durationText } from "../../protocol/index.ts"
import type { Values } from "../config/settings.ts"
import { tlsFilesOf } from "../config/tls-options.ts"
import { openFiles } from "../net/open-files.ts"
import { readTlsFiles } from "../net/tls-files.ts"
import { Findings } from "./doctor-finding.ts"
import type { Finding } from "./doctor-finding.ts"

/** Besides clients: what a node needs for itself, for HTTP, and for clients that it refuses. */
const OTHER_FILES = 600
/** As the alert has it. */
const CERTIFICATE_LEFT_MS = 14 * 86_400_000

/** Whether as many clients as are wanted can be served, as far as the limits of this shell are the node's. */
export function checkOpenFiles({ maxConnections }: Values<"doctor">): Finding[] {
  const findings = new Findings("open files")
  const { limit } = openFiles() ?? {}
  if (limit === undefined) return findings.list
  const needed = maxConnections + OTHER_FILES
  if (limit >= needed) findings.ok(`a process may have ${limit} here`)
  else {
    findings.warn(
      `a process may have ${limit} here, and ${maxConnections} clients need about ${needed}: ulimit -n, ` +
        "LimitNOFILE=, or --max-connections",
    )
  }
  return findings.list
}

/** @throws InputError that names the file that cannot be used */
export function checkTls(options: Values<"doctor">): Finding[] {
  const files = tlsFilesOf(options)
  if (files === undefined) return []
  const findings = new Findings("TLS")
  const { beginsAtMs, endsAtMs } = readTlsFiles(files)
  const nowMs = Date.now()
  const leftMs = endsAtMs - nowMs
  const until = new Date(endsAtMs).toISOString()
  if (nowMs < beginsAtMs) {
    findings.bad(`${files.certFile} is not valid before ${new Date(beginsAtMs).toISOString()}`)
  } else if (leftMs <= 0)
    findings.bad(`${files.certFile} ended at ${until}: put a new one in place`)
  else if (leftMs < CERTIFICATE_LEFT_MS) {
    findings.warn(`${files.certFile} ends in ${durationText(leftMs)}: put a new one in place`)
  } else findings.ok(`${files.certFile} and its key are valid until ${until}`)
  return findings.list
}
