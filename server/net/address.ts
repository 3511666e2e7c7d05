export const PORT_MAX = 65_535

/** A TCP address. An IPv6 host is kept without its brackets. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** @throws InputError when the text is not HOST:PORT; an IPv6 host stands in brackets */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):([0-9]{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > PORT_MAX) {
    throw new InputError(`"${text}" is not HOST:PORT, for example 127.0.0.1:6454 or [::1]:6454`)
  }
  return { host, port }
}

export function addressText({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
}

const REASONS = new Map([
  ["EADDRINUSE", "it is in use by another process"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["EACCES", "this user may not listen there"],
])

/** An address could not be listened on: one sentence for an operator. */
export class ListenError extends ServerError {
  override readonly name = "ListenError"

  constructor(what: string, address: Address, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = REASONS.get(code ?? "") ?? `${message} (${code})`
    super(`cannot listen for ${what} on ${addressText(address)}: ${why}`, { cause })
  }
}
import { InputError } from "../../protocol/index.ts"
import { ServerError } from "../errors.ts"
