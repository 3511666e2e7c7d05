import { CloseReason } from "./connection-counts.ts"

/** How long a client may take to read its last answers and to close, in ticks after the last of them. */
const LINGER_TICKS = 1

/** How long a client may take, in ticks. */
export interface Deadlines {
  /** For its first byte, and for the rest of a request that it has begun. */
  readonly readTicks: number
  /** To read some of its answers. */
  readonly writeTicks: number
  /** To send a request; 0: as long as it likes. */
  readonly idleTicks: number
}

/** What a connection is about. */
export interface Situation {
  /** Our FIN is out. */
  readonly hasFinished: boolean
  /** Its socket does not take all that is to be written. */
  readonly isBlocked: boolean
  /** Requests wait for ids or for another node. */
  readonly isBusy: boolean
  /** The client has sent something. */
  readonly hasSpoken: boolean
  /** A request has begun and not come to its end. */
  readonly isUnfinished: boolean
}

/** How long a client has been silent, counted in ticks: noting that it is not costs one store. */
export class Silence {
  /** The tick of the last answer, or of the first byte of an unfinished request if that is later. */
  quietSince: number
  /** The tick of the last byte, of whatever request. */
  heardSince: number
  /** The tick at which its socket took bytes last. */
  blockedSince: number

  constructor(tick: number) {
    this.quietSince = this.heardSince = this.blockedSince = tick
  }

  /** The tick in which something was received or answered last. */
  get lastTick(): number {
    return Math.max(this.quietSince, this.heardSince)
  }

  /**
   * Why the client is to be closed now: it has sent or read too little for too long. To be called each
   * tick. What waits for ids or for another node is not the client's delay.
   */
  overdue(tick: number, deadlines: Deadlines, situation: Situation): CloseReason | undefined {
    const { readTicks, writeTicks, idleTicks } = deadlines
    if (situation.isBlocked) {
      this.quietSince = tick
      return tick - this.blockedSince > writeTicks ? CloseReason.SLOW_READER : undefined
    }
    if (situation.hasFinished) {
      return tick - this.quietSince > LINGER_TICKS ? CloseReason.NOT_CLOSED : undefined
    }
    if (situation.isBusy) {
      this.quietSince = tick
      return undefined
    }
    const quietTicks = tick - this.quietSince
    if (!situation.hasSpoken) return quietTicks > readTicks ? CloseReason.NO_FIRST_BYTE : undefined
    if (situation.isUnfinished && quietTicks > readTicks) return CloseReason.UNFINISHED_REQUEST
    return idleTicks > 0 && quietTicks > idleTicks ? CloseReason.IDLE : undefined
  }
}
