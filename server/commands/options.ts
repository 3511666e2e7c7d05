import { InvalidArgumentError, Option } from "commander"
import { NODE_ID_MAX, TIME_MAX } from "../../protocol/index.ts"
import { parseAddress } from "../net/address.ts"
import type { Address } from "../net/address.ts"

export const DEFAULT_TCP: Address = { host: "127.0.0.1", port: 6454 }
export const DEFAULT_HTTP: Address = { host: "127.0.0.1", port: 5454 }

/** An option that can also be given as FIRN_…, its name in capitals. */
export function option(flags: string, description: string): Option {
  const parsed = new Option(flags, description)
  return parsed.env(`FIRN_${parsed.name().replaceAll("-", "_").toUpperCase()}`)
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`)
  }
}

export const nodeIdOption = (): Option =>
  option(
    "--node-id <N>",
    `this node's id, 0 to ${NODE_ID_MAX}; needed for the first start`,
  ).argParser(wholeNumber(0, NODE_ID_MAX))

export const epochOption = (): Option =>
  option(
    "--epoch <ISO|MS>",
    "the time that ids count from, as a UTC date or Unix milliseconds",
  ).argParser(parseEpoch)

/** A date such as 2026-01-01 or 2026-01-01T00:00:00Z, or Unix milliseconds. */
function parseEpoch(text: string): number {
  const isDate = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?$/.test(text)
  const epochMs = isDate ? Date.parse(text) : /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (epochMs >= 0 && epochMs <= TIME_MAX) return epochMs
  throw new InvalidArgumentError(
    "It takes a UTC date from 1970 on, such as 2026-01-01 or 2026-01-01T00:00:00Z, or Unix milliseconds.",
  )
}

export const address: (text: string) => Address = argument(parseAddress)

/** A parser of one option's argument, out of one that throws InputError with a sentence. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message}.`)
    }
  }
}
