import type { Logger } from "pino"
import type { Environment } from "./environment.ts"
import { Generator } from "./generator/generator.ts"
import { MarkWatch } from "./generator/mark-watch.ts"
import { Reservation } from "./generator/reservation.ts"
import { TrustedClock } from "./generator/trusted-clock.ts"
import { lostText } from "./readiness.ts"
import type { NodeStore } from "./storage/node-store.ts"

interface NodeIdsOptions {
  readonly store: NodeStore
  readonly environment: Environment
  readonly log: Logger
  readonly maxClockLeadMs: number
  readonly maxClockLagMs: number
}

/** What the ids of a node come from: its mark, its clock and its generator. */
export class NodeIds {
  readonly marks: MarkWatch
  readonly reservation: Reservation
  readonly clock: TrustedClock
  readonly generator: Generator

  /** Until a first mark is stored there is nothing to give out: ids begin at the mark that was found. */
  constructor({ store, environment, log, maxClockLeadMs, maxClockLagMs }: NodeIdsOptions) {
    const { nodeId, epochMs, mark } = store.node
    this.marks = new MarkWatch(store, environment, log)
    const reservation = new Reservation(mark, this.marks, environment, {
      failed: (error) =>
        log.error(
          { event: "mark-not-stored", err: error },
          "the mark cannot be stored: ids go on up to the one stored last",
        ),
      recovered: () => log.info({ event: "mark-stored" }, "the mark can be stored again"),
    })
    store.watch({
      lost(reason) {
        reservation.lose(reason)
        const message = `${lostText(reason)}; ids go on up to the mark stored last, and no further`
        log.error({ event: "identity-lost", reason }, message)
      },
    })
    this.reservation = reservation
    this.clock = new TrustedClock(environment, maxClockLeadMs, epochMs + mark - 1)
    this.generator = new Generator({
      nodeId,
      epochMs,
      mark,
      reservation,
      maxClockLeadMs,
      maxClockLagMs,
      clock: this.clock,
      environment,
    })
  }
}
