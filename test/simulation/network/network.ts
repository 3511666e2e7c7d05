import type { Dial } from "../../../server/net/dial.ts"
import type { Address } from "../../../server/net/address.ts"
import { addressText } from "../../../server/net/address.ts"
import type { Listen } from "../../../server/net/listen.ts"
import { OwedFrames } from "../checks/owed-frames.ts"
import type { End } from "./end.ts"
import type { Gate, Party } from "./gate.ts"
import { Road } from "./road.ts"
import { Stream } from "./stream.ts"
import { CLIENTS, Kind } from "../world.ts"
import type { World } from "../world.ts"

/** How many times a SYN is sent to a host that does not answer. */
const SYN_TRIES = 6
const SYN_RETRY_MS = 1_000

/** Hears what comes of dialling. */
interface Dialling {
  refused(reason: string): void
  accepted(end: End): void
}

interface Listening extends Party {
  readonly accept: (end: End) => void
}

/** The network between the nodes of a cluster, and from their clients to them. */
export class Network {
  readonly road: Road
  /** Connections that are not closed at both ends. */
  readonly streams: Set<Stream> = new Set()
  readonly #world: World
  /** The host of every address, whether or not anybody listens there. */
  readonly #hosts = new Map<string, number>()
  readonly #listening = new Map<string, Listening>()
  /** Until when the answers of a host to other nodes are lies. */
  readonly #madUntilMs = new Map<number, number>()

  constructor(world: World) {
    this.#world = world
    this.road = new Road(world.random)
  }

  addHost(host: number, address: Address): void {
    this.#hosts.set(addressText(address), host)
  }

  /**
   * The `Listen` of the process behind a gate.
   * @param maxConnections a connection that finds as many may be refused
   */
  listenFor(host: number, gate: Gate, maxConnections: number): Listen {
    return (address, events) => {
      const name = addressText(address)
      let open = 0
      let stoppedAtMs: number | undefined
      const accept = (end: End): void => {
        if (stoppedAtMs !== undefined) end.stream.mishap ??= "its node stops"
        if (open >= maxConnections) {
          end.stream.isOneTooMany = true
          end.stream.mishap ??= "one too many"
        }
        const connection = events.opened(end)
        if (connection === undefined) {
          end.terminate()
          return
        }
        open++
        const owed = new OwedFrames(this.#world)
        end.onWrite = (_, __, length) => owed.written(length)
        end.onFin = () => {
          if (!end.stream.isOneTooMany) owed.ended(host, stoppedAtMs, gate.stopsSinceMs)
        }
        end.serve({
          data: (chunk) => {
            owed.received(chunk)
            connection.data(chunk)
          },
          drained: () => connection.drained(),
          ended: () => {
            owed.isLast = true
            connection.ended()
          },
          closed: () => {
            open--
            connection.closed()
            events.closed(connection)
          },
        })
      }
      const listening = { host, gate, accept }
      this.#listening.set(name, listening)
      const stop = (): void => {
        stoppedAtMs = this.#world.nowMs
        for (const { listener } of this.streams) {
          if (listener.party.gate === gate) listener.stream.mishap ??= "its node stops"
        }
        // Another process may listen there by now.
        if (this.#listening.get(name) === listening) this.#listening.delete(name)
      }
      return { address, stop }
    }
  }

  /**
   * The `Dial` of the process behind a gate.
   * @param opened hears of every connection, before whoever dialled
   */
  dialFor(host: number, gate: Gate, opened?: (end: End, to: number) => void): Dial {
    return (address, events) => {
      let isAbandoned = false
      this.#ask(host, gate, address, SYN_TRIES, {
        refused: (reason) =>
          gate.enter(() => {
            if (!isAbandoned) events.closed(reason)
          }),
        accepted: (end) => {
          if (isAbandoned) {
            end.terminate()
            return
          }
          opened?.(end, this.#hostAt(address))
          events.opened(end)
          end.serve({
            data: (chunk) => events.data(chunk),
            drained: () => events.drained(),
            ended: () => {
              end.end()
              events.closed("it closed the connection")
            },
            closed: (reason) => events.closed(reason),
          })
        },
      })
      return { abandon: () => (isAbandoned = true) }
    }
  }

  madUntilMs(host: number): number {
    return this.#madUntilMs.get(host) ?? -Infinity
  }

  setMad(host: number, untilMs: number): void {
    this.#madUntilMs.set(host, untilMs)
  }

  /** Nobody listens there any more. */
  silence(address: Address): void {
    this.#listening.delete(addressText(address))
  }

  #ask(from: number, gate: Gate, address: Address, tries: number, told: Dialling): void {
    const to = this.#hostAt(address)
    const later = (delayMs: number, run: () => void): void => {
      this.#world.after(delayMs, Kind.SOCKET, from, run)
    }
    const again = (): void => {
      if (tries === 1) told.refused("timed out")
      else later(SYN_RETRY_MS, () => this.#ask(from, gate, address, tries - 1, told))
    }
    later(this.road.delayMs(), () => {
      const listening = this.#listening.get(addressText(address))
      if (this.road.isCut(from, to) || this.road.isOff(to)) again()
      else if (listening === undefined) {
        if (this.road.isCut(to, from)) again()
        else later(this.road.delayMs(), () => told.refused("nothing listens there"))
      } else {
        this.#connect({ host: from, gate }, listening, told)
      }
    })
  }

  #hostAt(address: Address): number {
    return this.#hosts.get(addressText(address)) ?? CLIENTS
  }

  #connect(from: Party, listening: Listening, told: Dialling): void {
    const { streams, road } = this
    const stream = new Stream(this.#world, road, from, listening, (closed) =>
      streams.delete(closed),
    )
    streams.add(stream)
    const { dialler, listener } = stream
    listening.gate.enter(() => listening.accept(listener))
    stream.open(() => {
      if (dialler.isClosed) told.refused("connection reset by peer")
      else told.accepted(dialler)
    })
  }
}
