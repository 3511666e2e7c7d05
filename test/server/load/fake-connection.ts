import type { Connection } from "../../../server/load/loop.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const SERVICE_MS = 1
const TURN_MS = 0.1

/** Virtual time in which a turn of the event loop takes a tenth of a millisecond. */
export function turningEnvironment(): VirtualEnvironment {
  const environment = new VirtualEnvironment()
  environment.soon = (run) => void environment.after(TURN_MS, run)
  return environment
}

/** A connection to a server that answers a millisecond later, except while it stalls. */
export class FakeConnection implements Connection {
  onAnswers: (count: number) => void = () => {}
  sent = 0
  inFlight = 0
  mostInFlight = 0
  stalledUntilMs = 0
  readonly #environment: VirtualEnvironment

  constructor(environment: VirtualEnvironment) {
    this.#environment = environment
  }

  send(count: number): void {
    this.sent += count
    this.inFlight += count
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    const stallMs = Math.max(0, this.stalledUntilMs - this.#environment.monotonicMs())
    if (stallMs === Infinity) return
    this.#environment.after(stallMs + SERVICE_MS, () => {
      this.inFlight -= count
      this.onAnswers(count)
    })
  }
}
