import type { Logger } from "pino"
import type { Environment } from "./environment.ts"

const DAY_MS = 86_400_000
/** From then on the end of the certificate is told each day. */
const WARN_MS = 30 * DAY_MS

/** The certificate that is watched. */
export interface WatchedCertificate {
  /** Unix milliseconds. */
  readonly endsAtMs: number
  /** Why nobody accepts it now, or undefined. */
  readonly fault: string | undefined
}

/** Tells in the log, now and each day, when the certificate ends soon or is not valid. */
export function watchCertificate(
  certificate: WatchedCertificate,
  environment: Environment,
  log: Logger,
): void {
  const { fault, endsAtMs } = certificate
  const leftMs = endsAtMs - environment.wallMs()
  const ends = new Date(endsAtMs).toISOString()
  if (fault !== undefined) {
    const message = `${fault}: clients that check it do not connect; put a new one there and send SIGHUP`
    log.error({ event: "certificate-not-valid", ends }, message)
  } else if (leftMs < WARN_MS) {
    const days = Math.floor(leftMs / DAY_MS)
    const left = days < 2 ? "in less than two days" : `in ${days} days`
    const message = `the TLS certificate ends ${left}, on ${ends}: put a new one there and send SIGHUP`
    log.warn({ event: "certificate-ends", ends, days }, message)
  }
  environment.after(DAY_MS, () => watchCertificate(certificate, environment, log))
}
