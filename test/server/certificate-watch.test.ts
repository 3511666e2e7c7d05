import { expect, test } from "bun:test"
import { watchCertificate } from "../../server/certificate-watch.ts"
import { MemoryLog } from "../support/memory-log.ts"
import { VirtualEnvironment } from "../support/virtual-environment.ts"

const DAY_MS = 86_400_000

test("the end of a certificate is told each day from 30 days before, until it is renewed", () => {
  const environment = new VirtualEnvironment()
  const log = new MemoryLog()
  let endsAtMs = environment.wallMs() + 31.5 * DAY_MS
  const certificate = {
    get endsAtMs() {
      return endsAtMs
    },
    get fault() {
      return environment.wallMs() >= endsAtMs ? "the certificate in F has ended" : undefined
    },
  }
  watchCertificate(certificate, environment, log.logger)
  environment.advance(DAY_MS)
  expect(log.texts()).toEqual([])
  const ends = new Date(endsAtMs).toISOString()
  const told = (left: string): string =>
    `warn certificate-ends the TLS certificate ends ${left}, on ${ends}: put a new one there and send SIGHUP`
  environment.advance(DAY_MS)
  expect(log.texts()).toEqual([told("in 29 days")])
  environment.advance(29 * DAY_MS)
  expect(log.texts().slice(-2)).toEqual([
    told("in less than two days"),
    told("in less than two days"),
  ])
  environment.advance(DAY_MS)
  expect(log.texts().at(-1)).toBe(
    "error certificate-not-valid the certificate in F has ended: clients that check it do not connect; put a new one there and send SIGHUP",
  )
  const lines = log.lines.length
  endsAtMs += 365 * DAY_MS
  environment.advance(10 * DAY_MS)
  expect(log.lines.length).toBe(lines)
})
