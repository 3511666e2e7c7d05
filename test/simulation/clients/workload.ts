import { DEFAULT_EPOCH_MS, SIGNED_TIME_LIMIT } from "../../../protocol/index.ts"
import type { Client, ClientParts } from "./client.ts"
import { FrameClient } from "./frame-client.ts"
import type { Random, Weighted } from "../random.ts"
import { RedisClient, drawRedisRequest } from "./redis-client.ts"
import { drawRequest } from "./requests.ts"
import type { Request } from "./requests.ts"
import type { Settings } from "../settings.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import { TextClient, drawTextRequest } from "./text-client.ts"
import { CLIENTS, Kind } from "../world.ts"

/** One of the dialects of the TCP port. */
interface Speaker {
  readonly client: (parts: ClientParts, settings: Settings) => Client
  readonly draw: (random: Random, nodeIds: readonly number[]) => Request
}

/** A year before ids get too large for integers of Redis, which have a sign. */
const UNSIGNED_FROM_MS = DEFAULT_EPOCH_MS + SIGNED_TIME_LIMIT - 31_557_600_000

const SPEAKERS: Weighted<Speaker> = [
  { item: { client: (parts) => new FrameClient(parts), draw: drawRequest }, weight: 70 },
  { item: { client: (parts) => new TextClient(parts), draw: drawTextRequest }, weight: 15 },
  {
    item: {
      client: (parts, { startMs }) => new RedisClient(parts, startMs < UNSIGNED_FROM_MS),
      draw: drawRedisRequest,
    },
    weight: 15,
  },
]

/** Clients of all kinds that ask for whatever there is to ask for, until they are stopped. */
export class Workload {
  readonly #parts: ClientParts
  readonly #settings: Settings
  readonly #nodes: readonly SimulatedNode[]
  readonly #clients: Client[]
  #isStopped = false

  constructor(parts: ClientParts, settings: Settings, nodes: readonly SimulatedNode[]) {
    this.#parts = parts
    this.#settings = settings
    this.#nodes = nodes
    const nodeIds = nodes.map(({ nodeId }) => nodeId)
    const { random } = parts.world
    this.#clients = Array.from({ length: settings.clients }, () => {
      const { client: create, draw } = random.weighted(SPEAKERS)
      const client = create(parts, settings)
      this.#goOn(client, () => draw(random, nodeIds))
      return client
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Every request must be answered by now, unless something was done to its connection. */
  checkAnswered(): void {
    for (const { isSound, pending, entry } of this.#clients) {
      if (!isSound || pending.length === 0) continue
      this.#parts.world.breaks(
        `node ${entry!.nodeId} has left ${pending.length} requests of a connection unanswered`,
      )
    }
  }

  #goOn(client: Client, draw: () => Request): void {
    const { world } = this.#parts
    // A client that has waited this long for an answer gives up its connection.
    const patienceMs = world.random.spread(1_000, 30_000)
    const next = (): void => {
      const delayMs = world.random.between(0, 2 * this.#settings.batchEveryMs)
      world.after(delayMs, Kind.CLIENT, CLIENTS, () => {
        if (this.#isStopped) return
        this.#act(client, draw, patienceMs)
        next()
      })
    }
    next()
  }

  #act(client: Client, draw: () => Request, patienceMs: number): void {
    const { world } = this.#parts
    const { random } = world
    if (client.isIdle) client.connect(random.pick(this.#nodes))
    const [oldest] = client.pending
    if (oldest !== undefined && world.nowMs - oldest.sentAtMs > patienceMs) client.giveUp()
    if (!client.isReady || client.pending.length > this.#settings.pendingMax) return
    const whim = random.next()
    if (whim < 0.005) client.giveUp()
    else if (whim < 0.015) client.finish()
    else if (whim < 0.03) this.#stopReading(client)
    else client.send(Array.from({ length: random.whole(1, this.#settings.batchMax) }, draw))
  }

  #stopReading(client: Client): void {
    const { world } = this.#parts
    client.setReading(false)
    world.after(world.random.spread(1, 2_000), Kind.CLIENT, CLIENTS, () => client.setReading(true))
  }
}
