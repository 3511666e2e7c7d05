import { channel, tracingChannel } from "node:diagnostics_channel"
import type { CallOptions } from "./call-options.ts"
import { handled } from "./promises.ts"

/** What subscribers of the tracing channel `firn-client:call` are given, one object a call. */
export interface CallTrace extends Pick<CallOptions, "node" | "key" | "random"> {
  readonly method: "id" | "ids"
  /** How many ids were asked for. */
  readonly count: number
  /** Known once the call has ended: the server that answered or failed last. */
  server?: string | undefined
  failedTries?: number
  result?: unknown
  error?: unknown
}

const calls = tracingChannel<CallTrace, CallTrace>("firn-client:call")
const { start, end, asyncStart, asyncEnd, error } = calls

const states = channel("firn-client:state")

/** @param message a change of a server's state, with its `client` */
export function publishState(message: () => object): void {
  if (states.hasSubscribers) states.publish(message())
}

/** Whether anybody listens to `firn-client:call`. Asked for every call, so it has to be cheap. */
export function isTraced(): boolean {
  return (
    start.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    asyncStart.hasSubscribers ||
    end.hasSubscribers
  )
}

/** Makes a call whose beginning and end are published. */
export function traced<Result>(
  trace: CallTrace,
  make: (trace: CallTrace) => Promise<Result>,
): Promise<Result> {
  return handled(calls.tracePromise(() => make(trace), trace))
}
