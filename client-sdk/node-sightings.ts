/** So long a process is taken to be still there. Servers that are down are asked again every 2 s. */
const SIGHTING_MS = 10_000

/** A process that has answered as a node. */
interface Sighting {
  readonly server: string
  readonly firstMs: number
  lastMs: number
}

/** Closes all connections to a node but those to one of its processes. */
type Leave = (node: number, startNumber: number | undefined, reason: string) => void

/**
 * Which process has answered as which node. A node that starts again draws a new start number: then
 * connections to the process before it are of no more use. But when that answers again, two
 * processes live that have one node id (an operator has copied a data directory, or given an id to
 * two machines), and both would give out the same ids: so neither is used while both are there.
 */
export class NodeSightings {
  readonly #leave: Leave
  /** By the start number of the process, for each node. */
  readonly #nodes = new Map<number, Map<number, Sighting>>()

  constructor(leave: Leave) {
    this.#leave = leave
  }

  /**
   * Notes that a process has answered on a new connection.
   * @param nowMs monotonic milliseconds
   * @returns why it must not be used; undefined when it may be
   */
  note(node: number, startNumber: number, server: string, nowMs: number): string | undefined {
    const sightings = this.#nodes.get(node) ?? new Map<number, Sighting>()
    this.#nodes.set(node, sightings)
    for (const [number, { lastMs }] of sightings) {
      if (number !== startNumber && nowMs - lastMs > SIGHTING_MS) sightings.delete(number)
    }
    const firstMs = sightings.get(startNumber)?.firstMs ?? nowMs
    const sighting = { server, firstMs, lastMs: nowMs }
    sightings.set(startNumber, sighting)
    for (const [number, other] of sightings) {
      if (number === startNumber || firstMs > other.lastMs) continue
      const where = other.server === server ? `behind ${server}` : `at ${other.server}`
      const reason = `two processes answer as node ${node}, here and ${where}: both would give out the same ids`
      this.#leave(node, undefined, reason)
      return reason
    }
    this.#leave(node, startNumber, `node ${node} has started again`)
    return undefined
  }
}
