/*
 * Opens connections by TLS one after the other, without resuming a session, and says how many a second:
 *
 *   bun bench/programs/handshakes.ts 6454 2
 */
import { connect } from "node:tls"

/** How many are being opened at a time. */
const LANES = 16

const [, , portText = "", secondsText = ""] = Bun.argv
const port = Number(portText)
const deadlineMs = performance.now() + Number(secondsText) * 1_000
let done = 0

function handshake(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      socket.destroy()
      resolve()
    })
    socket.on("error", reject)
  })
}

const startMs = performance.now()
await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (; performance.now() < deadlineMs; done++) await handshake()
  }),
)
console.log(done / ((performance.now() - startMs) / 1_000))
process.exit(0)
