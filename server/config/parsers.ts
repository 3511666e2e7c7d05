import { InputError, NODE_ID_MAX, TIME_MAX, parseTarget } from "../../protocol/index.ts"
import type { Target } from "../../protocol/index.ts"
import { parseListenAddress } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"

/** Unix milliseconds below this are of before 1973; as seconds they reach to the year 5138. */
const MILLISECONDS_MIN = 1e11

const BENCH_PROTOCOLS = ["frames", "redis", "http"] as const

/** @throws InputError when the text is not a whole number from `min` to `max` */
export function wholeNumber(text: string, min: number, max: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new InputError(`It takes a whole number from ${min} to ${max}`)
}

/** @throws InputError when the text is none of `choices` */
export function choice<Choice extends string>(text: string, choices: readonly Choice[]): Choice {
  const chosen = choices.find((name) => name === text)
  if (chosen !== undefined) return chosen
  throw new InputError(`Allowed choices are ${choices.join(", ")}`)
}

/**
 * Where a node is to listen. `localhost` is 127.0.0.1: the system may know ::1 by that name too, and
 * one socket has one of them.
 * @throws InputError when the text is neither HOST:PORT nor unix:PATH
 */
export function bindAddress(text: string): ListenAddress {
  return parseListenAddress(text.replace(/^localhost:/, "127.0.0.1:"))
}

/** @throws InputError when one of the texts between the commas is neither HOST:PORT nor unix:PATH */
export function serverList(text: string): ListenAddress[] {
  return text.split(",").map((server) => parseListenAddress(server.trim()))
}

/** @throws InputError when the text is neither HOST:PORT, nor unix:PATH, nor `off` */
export function addressOrOff(text: string): ListenAddress | "off" {
  return text === "off" ? "off" : bindAddress(text)
}

/** What `firn bench` can speak. */
export type BenchProtocol = (typeof BENCH_PROTOCOLS)[number]

/** @throws InputError when there is no such protocol */
export function benchProtocol(text: string): BenchProtocol {
  return choice(text, BENCH_PROTOCOLS)
}

/** @throws InputError when the text is neither `yes` nor `no` */
export function yesOrNo(text: string): boolean {
  return choice(text, ["yes", "no"]) === "yes"
}

/** @throws InputError when the text is no mode of a file in octal digits */
export function fileMode(text: string): string {
  if (/^0?[0-7]{3}$/.test(text)) return text
  throw new InputError("It takes three octal digits, such as 600, 660 or 666")
}

/**
 * Reads a date such as 2026-01-01 or 2026-01-01T00:00:00Z, or Unix milliseconds.
 * @returns Unix milliseconds
 * @throws InputError when it is neither
 */
export function parseEpoch(text: string): number {
  const isNumber = /^[0-9]{1,15}$/.test(text)
  const epochMs = isNumber ? Number(text) : dateMs(text)
  if (isNumber && epochMs > 0 && epochMs < MILLISECONDS_MIN) {
    const meant = new Date(epochMs * 1_000).toISOString()
    throw new InputError(
      `It takes milliseconds, and ${text} looks like seconds: ${epochMs * 1_000} is ${meant}`,
    )
  }
  if (epochMs >= 0 && epochMs <= TIME_MAX) return epochMs
  throw new InputError(
    "It takes a UTC date from 1970 on, such as 2026-01-01 or 2026-01-01T00:00:00Z, or Unix milliseconds",
  )
}

/** @returns NaN when it is no date; JavaScript takes 30 February for 2 March */
function dateMs(text: string): number {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?$/.test(text)) return Number.NaN
  const timeMs = Date.parse(text)
  const isSame = timeMs >= 0 && new Date(timeMs).toISOString().startsWith(text.slice(0, 10))
  return isSame ? timeMs : Number.NaN
}

/** @throws InputError when the text is no target, or names a node that there cannot be */
export function possibleTarget(text: string): Target {
  const target = parseTarget(text)
  if ("node" in target && target.node > NODE_ID_MAX) {
    throw new InputError(`A node id goes from 0 to ${NODE_ID_MAX}`)
  }
  return target
}
