/*
 * What the machine itself does to latencies: reads the clock without pause, and takes every gap for
 * a time in which no program could have answered. Prints the latencies of requests that would be due
 * every 10 µs and be answered at once, in microseconds.
 *
 *   bun bench/programs/pauses.ts SECONDS
 */
import { Latencies } from "../load/latencies.ts"

const DUE_EVERY_MS = 0.01

const latencies = new Latencies()
const endMs = performance.now() + Number(Bun.argv[2]) * 1_000
let dueMs = performance.now()
for (let now = dueMs; now < endMs; now = performance.now()) {
  for (; dueMs <= now; dueMs += DUE_EVERY_MS) latencies.record(now - dueMs, 1)
}
console.log(JSON.stringify(latencies.summary()))
