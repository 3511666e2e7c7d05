import { Status, highHalf, lowHalf } from "../protocol/index.ts"
import type { Answer } from "../protocol/index.ts"

/**
 * What came of a request, as one number from the generator to the connection: the status that it is
 * answered with, 0 or above, or what it waits for, below 0.
 */
export const Outcome = {
  /** This millisecond has too few ids left: nothing was answered, ask again in the next one. */
  WAIT: -1,
  /** Another node was asked, and its answer will be put into the slot. */
  FORWARDED: -2,
} as const
export type Outcome = Status | (typeof Outcome)[keyof typeof Outcome]

/** Where an answer is put. Whoever asks hands one in, and may use it again for the next request. */
export class AnswerSlot implements Answer {
  status: Status = Status.OK
  high = 0
  low = 0
  /** Another node has been asked and has not answered yet. */
  isPending = false

  /** Puts a value in, as two 32-bit halves. */
  accept(high: number, low: number): Status {
    this.high = high
    this.low = low
    return (this.status = Status.OK)
  }

  /** Puts a value in that is a whole number below 2^53. */
  acceptNumber(value: number): Status {
    return this.accept(highHalf(value), lowHalf(value))
  }

  /** Puts a refusal in, with the number that explains it. */
  refuse(status: Status, detail: number): Status {
    this.acceptNumber(detail)
    return (this.status = status)
  }
}

/** A request and the place for its answer. */
export class Exchange extends AnswerSlot {
  op = 0
  flags = 0
  count = 0
  target = 0
  /** Whether it is the turn of whoever asks to take ids of this node. */
  mayTakeIds = true
}

/** Whoever asked: told when the answer of another node stands in the slot that was handed in. */
export interface Asker {
  answered(): void
}
