import { NODE_ID_MAX, Op, keyHash } from "../protocol/index.ts"
import type { IdParts } from "../protocol/index.ts"
import { invalidArgument } from "./errors.ts"
import { callTimeout, checkObject, shown } from "./options.ts"

/** What a call can be given; at most one of `node`, `key` and `random`. */
export interface CallOptions {
  /** Ids of this node, 0 to 1023. */
  readonly node?: number
  /** Ids of the live node that owns this key. */
  readonly key?: string
  /** Ids of a live node picked at random. */
  readonly random?: boolean
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal
  /** How long the call may take in all, in ms. 1 to 600,000, default `requestTimeoutMs`. */
  readonly timeoutMs?: number
}

/** Options of a call that asks for no ids. */
export type WaitOptions = Pick<CallOptions, "signal" | "timeoutMs">

/** An id taken apart, with the time it was given out. */
export interface DecodedId extends IdParts {
  /** By the clock of its node. */
  readonly date: Date
}

/** What a node answers to `ping`. */
export interface PingAnswer {
  /** As it stands in the list. */
  readonly server: string
  readonly node: number
  /** From the call to the answer: with the way to connect, if it was the first call. */
  readonly roundTripMs: number
}

export interface CloseOptions {
  /** How long calls in flight may still take, in ms. 0 to 600,000, default 1,000. */
  readonly timeoutMs?: number
}

/** What a call asks for, as it goes over the wire. */
export interface Target {
  readonly op: Op
  readonly value: number
}

/** A call without options. */
export const LOCAL: Target = { op: Op.LOCAL, value: 0 }
const RANDOM: Target = { op: Op.RANDOM, value: 0 }

/** Call options, checked. */
export interface CheckedOptions {
  readonly target: Target
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** @throws FirnError INVALID_ARGUMENT */
export function checkCallOptions(options: CallOptions, timeoutMs: number): CheckedOptions {
  checkObject("options", options, ["node", "key", "random", "signal", "timeoutMs"])
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument("signal has to be an AbortSignal")
  }
  return {
    target: targetOf(options),
    timeoutMs: callTimeout("timeoutMs", options.timeoutMs, timeoutMs),
    signal,
  }
}

function targetOf({ node, key, random }: CallOptions): Target {
  if (random !== undefined && typeof random !== "boolean") {
    throw invalidArgument(`random is ${shown(random)}, not true or false`)
  }
  const given = [node !== undefined, key !== undefined, random === true].filter(Boolean).length
  if (given > 1) throw invalidArgument("a call takes one of node, key and random")
  if (node !== undefined) {
    if (!Number.isInteger(node) || node < 0 || node > NODE_ID_MAX) {
      throw invalidArgument(`node is ${shown(node)}, not a whole number from 0 to ${NODE_ID_MAX}`)
    }
    return { op: Op.NODE, value: node }
  }
  if (key === "") throw invalidArgument("key is empty")
  if (key !== undefined) {
    if (typeof key !== "string") throw invalidArgument(`key is ${shown(key)}, not a string`)
    return { op: Op.KEY, value: keyHash(key) }
  }
  return random === true ? RANDOM : LOCAL
}
