import type { Lane } from "../../../bench/load/loop.ts"
import { VirtualRuntime } from "../../support/virtual-runtime.ts"

const SERVICE_MS = 1
const TURN_MS = 0.1

/** Virtual time in which a turn of the event loop takes a tenth of a millisecond. */
export function turningRuntime(): VirtualRuntime {
  const runtime = new VirtualRuntime()
  runtime.soon = (run) => void runtime.after(TURN_MS, run)
  return runtime
}

/** A connection to a server that answers a millisecond later, except while it stalls. */
export class FakeLane implements Lane {
  onAnswers: (count: number) => void = () => {}
  sent = 0
  inFlight = 0
  mostInFlight = 0
  stalledUntilMs = 0
  readonly #runtime: VirtualRuntime

  constructor(runtime: VirtualRuntime) {
    this.#runtime = runtime
  }

  send(count: number): void {
    this.sent += count
    this.inFlight += count
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    const stallMs = Math.max(0, this.stalledUntilMs - this.#runtime.monotonicMs())
    if (stallMs === Infinity) return
    this.#runtime.after(stallMs + SERVICE_MS, () => {
      this.inFlight -= count
      this.onAnswers(count)
    })
  }
}
