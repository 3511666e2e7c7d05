import type { Logger } from "pino"
import type { Environment } from "../environment.ts"
import type { MarkStore } from "./reservation.ts"

/** Tells at the level debug what is stored, and how long that takes. */
export function logMarks(store: MarkStore, environment: Environment, log: Logger): MarkStore {
  if (!log.isLevelEnabled("debug")) return store
  return {
    extend(mark, done) {
      const startMs = environment.monotonicMs()
      store.extend(mark, (error) => {
        const tookMs = Math.round((environment.monotonicMs() - startMs) * 10) / 10
        const text = error === undefined ? "is stored" : "could not be stored"
        log.debug({ event: "mark-written", mark, tookMs, err: error }, `the mark ${text}`)
        done(error)
      })
    },
  }
}
