import { lookup } from "node:dns"
import type { LookupAddress } from "node:dns"

/** Look-ups under way, by name. A dead name server may take half a minute for each. */
const underWay = new Map<string, Promise<readonly string[]>>()

/**
 * The addresses of a name as the system knows them, IPv6 and IPv4 in turns, in the order of RFC 8305,
 * section 4. A name is looked up once at a time, whoever asks: a look-up cannot be called back, and
 * keeps the process alive.
 */
export async function addressesOf(name: string): Promise<readonly string[]> {
  let addresses = underWay.get(name)
  if (addresses === undefined) {
    addresses = lookUp(name)
    underWay.set(name, addresses)
    const forget = (): void => void underWay.delete(name)
    addresses.then(forget, forget)
  }
  return await addresses
}

function lookUp(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => {
      if (error) reject(error)
      else resolve(inTurns(found))
    })
  })
}

/** Begins with the family that the system has put first. */
export function inTurns(found: readonly LookupAddress[]): string[] {
  const first = found.filter(({ family }) => family === found[0]?.family)
  const second = found.filter(({ family }) => family !== found[0]?.family)
  const longer = Math.max(first.length, second.length)
  return Array.from({ length: longer }, (_, i) => [first[i], second[i]])
    .flat()
    .flatMap((one) => (one === undefined ? [] : [one.address]))
}
