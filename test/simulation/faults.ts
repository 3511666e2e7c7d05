import type { ClientParts } from "./clients/client.ts"
import { Crowd } from "./clients/crowd.ts"
import type { Network } from "./network/network.ts"
import { FAIR } from "./network/road.ts"
import type { Weather } from "./network/road.ts"
import { Stage } from "./machine/disk.ts"
import type { Process } from "./machine/process.ts"
import type { Weighted } from "./random.ts"
import type { Fault, Settings } from "./settings.ts"
import type { SimulatedNode } from "./machine/simulated-node.ts"
import type { Stream } from "./network/stream.ts"
import { CLIENTS, Kind } from "./world.ts"
import type { World } from "./world.ts"

/** A node that crashed is started again within this. */
const DOWN_MAX_MS = 3_000
/** A clock that leapt for a moment is back within this. */
const GLITCH_MAX_MS = 4_500
/** What a slow node sends is late by up to this: longer than other nodes wait for it. */
const SLOW_MAX_MS = 1_500

const STAGES = Object.values(Stage)
/** A process that has looked who has the identity, and not yet written, has the most to get wrong. */
const TAKE_OVER_STAGES: Weighted<Stage> = [
  { item: Stage.ASKED, weight: 3 },
  { item: Stage.WRITTEN, weight: 1 },
  { item: Stage.SYNCED, weight: 1 },
  { item: Stage.TOLD, weight: 1 },
]

/** Makes the faults that a seed decides on, until it is told to stop. */
export class Faults {
  readonly #world: World
  readonly #network: Network
  readonly #nodes: readonly SimulatedNode[]
  readonly #settings: Settings
  readonly #clientParts: ClientParts
  #crowd: Crowd | undefined
  #isStopped = false

  constructor(clientParts: ClientParts, nodes: readonly SimulatedNode[], settings: Settings) {
    this.#clientParts = clientParts
    this.#world = clientParts.world
    this.#network = clientParts.network
    this.#nodes = nodes
    this.#settings = settings
  }

  start(): void {
    const delayMs = this.#world.random.between(0, 2 * this.#settings.faultEveryMs)
    this.#world.after(delayMs, Kind.FAULT, CLIENTS, () => {
      if (this.#isStopped) return
      this.#inject(this.#world.random.pick(this.#settings.faults))
      this.start()
    })
  }

  /** Makes no more faults, and ends those that last. */
  stop(): void {
    this.#isStopped = true
    this.#crowd?.leave()
    this.#network.road.heal()
    Object.assign(this.#network.road.weather, FAIR)
    for (const node of this.#nodes) {
      this.#network.setMad(node.nodeId, this.#world.nowMs)
      this.#network.road.setSlow(node.nodeId, 0)
      node.disk.onStage = undefined
      node.disk.setFault(undefined)
      node.relist(node.listing.full)
      node.process?.goOn()
      node.settleOvertaken()
      node.start()
    }
  }

  #inject(fault: Fault): void {
    const { random } = this.#world
    const node = random.pick(this.#nodes)
    this.#tell(fault, node)
    switch (fault) {
      case "crash":
        return this.#crash(node)
      case "crash-in-write":
        return this.#inWrite(node, random.pick(STAGES), () => this.#crash(node))
      case "crash-loop":
        return this.#crashLoop(node, random.whole(3, 12))
      case "stop":
        return node.stop()
      case "take-over":
        return this.#takeOver(node)
      case "pause":
        node.process?.pause()
        return this.#later(random.spread(1, 12_000), node, () => node.process?.goOn())
      case "step":
        return node.clock.step(this.#drawStep())
      case "strobe":
        return this.#strobe(node, random.whole(3, 40), this.#drawStep())
      case "drift":
        return node.clock.drift(random.pick([0, 0.5, 0.9, 0.999, 1.001, 1.1, 2]))
      case "glitch":
        return this.#glitch(node)
      case "disk":
        return this.#breakDisk(node)
      case "partition":
        return this.#partition()
      case "one-way":
        return this.#cutOneWay(node)
      case "isolate":
        return this.#isolate(node)
      case "lose":
        return this.#disturb((stream) => stream.lose())
      case "dark":
        return this.#disturb((stream) => stream.goDark())
      case "relist":
        return node.relist(node.listing.full.filter(() => random.chance(0.7)))
      case "mad":
        return this.#network.setMad(node.nodeId, this.#world.nowMs + random.spread(20, 3_000))
      case "slow":
        this.#network.road.setSlow(node.nodeId, random.spread(5, SLOW_MAX_MS))
        return this.#later(random.spread(20, 6_000), node, () =>
          this.#network.road.setSlow(node.nodeId, 0),
        )
      case "weather":
        return this.#changeWeather()
      case "crowd":
        return this.#gather(node)
      default:
        return fault satisfies never
    }
  }

  #crash(node: SimulatedNode): void {
    const { random } = this.#world
    node.kill(random.chance(0.3))
    node.startAfter(random.spread(1, DOWN_MAX_MS))
  }

  /** Does something to the node in one of its next two writes. */
  #inWrite(node: SimulatedNode, worst: Stage, harm: () => void): void {
    let left = this.#world.random.whole(1, 2)
    node.disk.onStage = (stage) => {
      if (stage !== worst || --left > 0) return
      node.disk.onStage = undefined
      this.#later(0, node, harm)
    }
  }

  /** A second process on the disk of the first. Either may stand still for a while. */
  #takeOver(node: SimulatedNode): void {
    const { random } = this.#world
    const takeOver = (): void => {
      const older = node.takeOver()
      if (older === undefined) return
      const newer = node.process!
      if (random.chance(0.4)) this.#standStill(node, older, random.spread(1, 5_000))
      if (random.chance(0.4)) {
        const delayMs = random.spread(0.02, 10)
        this.#later(delayMs, node, () => this.#standStill(node, newer, random.spread(1, 100)))
      }
    }
    if (random.chance(0.3)) takeOver()
    else this.#inWrite(node, random.weighted(TAKE_OVER_STAGES), takeOver)
  }

  #standStill(node: SimulatedNode, process: Process, forMs: number): void {
    process.pause()
    this.#later(forMs, node, () => process.goOn())
  }

  #crashLoop(node: SimulatedNode, times: number): void {
    if (times === 0) return
    const { random } = this.#world
    node.kill()
    node.startAfter(random.spread(1, 50))
    this.#later(random.spread(10, 1_500), node, () => this.#crashLoop(node, times - 1))
  }

  #drawStep(): number {
    const { random } = this.#world
    const ms = random.spread(1, this.#settings.stepMaxMs)
    return random.chance(0.5) ? ms : -ms
  }

  /** Steps the clock forth and back again, over and over. */
  #strobe(node: SimulatedNode, times: number, ms: number): void {
    if (times === 0) return
    node.clock.step(ms)
    this.#later(this.#world.random.spread(0.1, 50), node, () => this.#strobe(node, times - 1, -ms))
  }

  /** Leaps the clock ahead, for a moment. */
  #glitch(node: SimulatedNode): void {
    const ms = Math.abs(this.#drawStep())
    node.clock.step(ms)
    this.#later(this.#world.random.spread(1, GLITCH_MAX_MS), node, () => node.clock.step(-ms))
  }

  #breakDisk(node: SimulatedNode): void {
    const { random } = this.#world
    const kind = random.whole(0, 3)
    node.disk.setFault({
      writes: kind === 0,
      syncs: kind === 1,
      holdMs: kind === 2 ? Infinity : kind === 3 ? random.spread(10, 3_000) : 0,
    })
    this.#later(random.spread(10, 8_000), node, () => node.disk.setFault(undefined))
  }

  #partition(): void {
    const { random } = this.#world
    const isHere = new Set(this.#nodes.filter(() => random.chance(0.5)))
    for (const one of isHere) {
      for (const other of this.#nodes) {
        if (isHere.has(other)) continue
        this.#cut(one, other)
        this.#cut(other, one)
      }
    }
    this.#healLater()
  }

  #cutOneWay(node: SimulatedNode): void {
    const isOut = this.#world.random.chance(0.5)
    for (const other of this.#nodes) {
      if (other === node || this.#world.random.chance(0.3)) continue
      if (isOut) this.#cut(node, other)
      else this.#cut(other, node)
    }
    this.#healLater()
  }

  #isolate(node: SimulatedNode): void {
    for (const other of this.#nodes) {
      if (other === node) continue
      this.#cut(node, other)
      this.#cut(other, node)
    }
    this.#healLater()
  }

  #cut(from: SimulatedNode, to: SimulatedNode): void {
    this.#network.road.cut(from.nodeId, to.nodeId)
  }

  #healLater(): void {
    const delayMs = this.#world.random.spread(20, 6_000)
    this.#world.after(delayMs, Kind.FAULT, CLIENTS, () => this.#network.road.heal())
  }

  #disturb(harm: (stream: Stream) => void): void {
    const { random } = this.#world
    const streams = [...this.#network.streams]
    if (streams.length === 0) return
    for (let i = random.pick([1, 1, 2, 5]); i > 0; i--) harm(random.pick(streams))
  }

  #changeWeather(): void {
    const { random } = this.#world
    const delayMs = random.spread(0.05, 300)
    Object.assign(this.#network.road.weather, {
      delayMs,
      lateMs: Math.min(2_000, delayMs * random.pick([1, 10, 100])),
      cutChance: random.pick([0, 0.1, 0.9]),
      bufferBytes: random.pick([9, 100, 4_096, 65_536]),
    } satisfies Weather)
  }

  /** A crowd comes to a node; the one that came before leaves. */
  #gather(node: SimulatedNode): void {
    this.#crowd?.leave()
    this.#crowd = new Crowd(this.#clientParts, node, this.#settings.maxConnections)
  }

  #later(delayMs: number, node: SimulatedNode, run: () => void): void {
    this.#world.after(delayMs, Kind.FAULT, node.nodeId, () => {
      if (!this.#isStopped) run()
    })
  }

  #tell(fault: Fault, { nodeId }: SimulatedNode): void {
    const { trace, nowMs } = this.#world
    if (trace.isOn) trace.line(nowMs, `fault: ${fault}, node ${nodeId} if it is of one`)
  }
}
