import { Status } from "../../protocol/index.ts"

/** What was or will be answered to a request; a place in the order of its connection. */
export interface Answer {
  readonly done: boolean
  readonly status: number
  readonly high: number
  readonly low: number
}

/** Those that asked: told when a flight has its answer. */
export interface FlightOrigin {
  settled(flight: Flight): void
}

/** Told when the node that was asked has answered, or will not. */
export interface FlightPlan {
  attemptEnded(flight: Flight, status: number, high: number, low: number): void
}

/** A request that another node was asked for; also what waits in the link to that node. */
export class Flight implements Answer {
  done = true
  status: number = Status.OK
  high = 0
  low = 0

  op = 0
  count = 0
  target = 0
  /** Monotonic milliseconds. */
  deadlineMs = 0
  /** The nodes that gave no id; made when there is a first. */
  failed: number[] | undefined
  /** The node that is being asked. */
  askedNodeId = -1

  readonly #plan: FlightPlan
  #origin: FlightOrigin | undefined

  constructor(plan: FlightPlan) {
    this.#plan = plan
  }

  /** Makes it the flight of a request; it may have been another's before. */
  start(origin: FlightOrigin, op: number, count: number, target: number, deadlineMs: number): void {
    this.#origin = origin
    this.op = op
    this.count = count
    this.target = target
    this.deadlineMs = deadlineMs
    this.done = false
    this.failed = undefined
    this.askedNodeId = -1
  }

  /** The answer of the node that was asked. */
  answered(status: number, high: number, low: number): void {
    this.#plan.attemptEnded(this, status, high, low)
  }

  /** The node that was asked will not answer. */
  lost(status: number, detail: number): void {
    this.#plan.attemptEnded(this, status, 0, detail)
  }

  /** The final answer. */
  settle(status: number, high: number, low: number): void {
    if (this.done) throw new Error("a request has one answer")
    this.done = true
    this.status = status
    this.high = high
    this.low = low
    this.#origin?.settled(this)
  }
}
