import { lookup } from "node:dns/promises"
import { isIP } from "node:net"

/** @returns the addresses that a name has now, at least one; rejects when it has none */
export type Resolve = (host: string) => Promise<readonly string[]>

const underWay = new Map<string, Promise<readonly string[]>>()

/**
 * Asks the system each time: `Bun.connect` would keep what a name had for 30 s. Whoever asks while
 * the same name is being asked for shares the answer, so a resolver that hangs holds one thread.
 */
export const resolveName: Resolve = async (host) => {
  if (isIP(host) !== 0) return [host]
  const asked = underWay.get(host)
  if (asked !== undefined) return await asked
  const asking = addressesOf(host).finally(() => underWay.delete(host))
  underWay.set(host, asking)
  return await asking
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${host} has no address: ${code}`, { cause: error })
  }
}
