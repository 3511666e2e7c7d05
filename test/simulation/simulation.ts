import { pino } from "pino"
import type { Logger } from "pino"
import { DEFAULT_EPOCH_MS, NODE_ID_MAX } from "../../protocol/index.ts"
import type { PeerEntry } from "../../server/peers/peer-set.ts"
import { idBlock } from "../support/id-block.ts"
import { AnswerOracle } from "./checks/answer-oracle.ts"
import { Faults } from "./faults.ts"
import { ForwardLedger } from "./checks/forward-ledger.ts"
import { Network } from "./network/network.ts"
import type { Random } from "./random.ts"
import { Recovery } from "./checks/recovery.ts"
import { sealed } from "./sealed.ts"
import { drawSettings } from "./settings.ts"
import type { Settings } from "./settings.ts"
import { SimulatedNode } from "./machine/simulated-node.ts"
import { observingTakes } from "./checks/takes.ts"
import { Trace } from "./trace.ts"
import { Workload } from "./clients/workload.ts"
import { World } from "./world.ts"

export interface SimulationOptions {
  readonly seed: number
  /** undefined: the seed decides */
  readonly nodes?: number | undefined
  /** Takes the lines of a trace; undefined: none are made. */
  readonly trace?: ((line: string) => void) | undefined
}

export interface SimulationResult {
  readonly seed: number
  readonly nodes: number
  readonly events: number
  /** Requests that were answered, and the ids among the answers. */
  readonly answers: number
  readonly ids: number
  /** How many answers there were of each status. */
  readonly statuses: readonly number[]
  /** Virtual time. */
  readonly seconds: number
  /** The same for two runs of one seed. */
  readonly hash: string
  /** What went wrong; undefined: nothing. */
  readonly failure: Error | undefined
}

/** What no node may ever say: only the listed nodes are there, and all behave but the mad. */
const FORBIDDEN = ["peer-misconfigured", "connection-failed"]
/** What a node may only say when it has two processes, or has had. */
const FOR_TWO = ["duplicate-node", "identity-lost"]
/** What was wrong at the other end of a link this long ago may be found only now. */
const FOUND_WITHIN_MS = 10_000

interface LogLine {
  readonly node: number
  readonly event: string
  readonly msg: string
  /** The peer it is about, and what is wrong with it. */
  readonly peer?: number
  readonly reason?: string
}

/** Runs a whole cluster through all that the seed has in store for it. */
export function simulate(options: SimulationOptions): SimulationResult {
  const simulation = new Simulation(options)
  let failure: Error | undefined
  try {
    sealed(() => simulation.run())
  } catch (error) {
    failure = error as Error
  }
  return { seed: options.seed, ...simulation.figures, failure }
}

class Simulation {
  readonly #world: World
  readonly #settings: Settings
  readonly #network: Network
  readonly #nodes: ReadonlyMap<number, SimulatedNode>
  readonly #answers: AnswerOracle

  constructor({ seed, nodes, trace }: SimulationOptions) {
    const world = new World(seed, new Trace(trace))
    const settings = drawSettings(world.random, nodes)
    const network = new Network(world)
    const ledger = new ForwardLedger(world)
    const epochMs = DEFAULT_EPOCH_MS
    const log = worldLog(world, (line) => this.#isExcused(line))
    const nodesOf = (): Iterable<SimulatedNode> => this.#nodes.values()
    const parts = { world, network, ledger, settings, epochMs, log, nodes: nodesOf }
    const entries = drawEntries(world.random, settings.nodes)
    for (const { nodeId, address } of entries) network.addHost(nodeId, address)
    this.#nodes = new Map(
      entries.map((entry) => {
        const list = listFor(entry, entries, settings.fullLists)
        return [entry.nodeId, new SimulatedNode(parts, entry, list)]
      }),
    )
    this.#answers = new AnswerOracle(world, epochMs, this.#nodes, ledger)
    this.#world = world
    this.#settings = settings
    this.#network = network
    if (world.trace.isOn) world.trace.line(0, `settings ${JSON.stringify(settings)}`)
  }

  get figures(): Omit<SimulationResult, "seed" | "failure"> {
    const { ids, statuses } = this.#answers
    return {
      nodes: this.#settings.nodes,
      events: this.#world.events,
      answers: statuses.reduce((sum, count) => sum + count, 0),
      ids,
      statuses,
      seconds: this.#world.nowMs / 1_000,
      hash: this.#world.trace.hash,
    }
  }

  /** @throws Error the first thing that went wrong */
  run(): void {
    observingTakes(
      (high, low, count) => {
        const block = idBlock(high, low, count)
        const node = this.#nodes.get(block.node)
        if (node === undefined) this.#world.breaks(`ids of node ${block.node} are given out`)
        node.gaveOut(block)
      },
      () => this.#live(),
    )
  }

  /**
   * Who has had two processes may say so. A mad node is found out, and so is one whose clock has
   * leapt since it was last asked.
   */
  #isExcused({ node: sayer, event, peer, reason }: LogLine): boolean {
    if (FOR_TWO.includes(event)) return this.#nodes.get(sayer)?.wasOvertaken === true
    const node = peer === undefined ? undefined : this.#nodes.get(peer)
    if (event !== "peer-misconfigured" || node === undefined) return false
    const sinceMs = this.#world.nowMs - FOUND_WITHIN_MS
    if (this.#network.madUntilMs(node.nodeId) > sinceMs) return true
    return reason === "it gives ids of the future" && node.clock.setAtMs > sinceMs
  }

  #live(): void {
    const world = this.#world
    const settings = this.#settings
    const nodes = [...this.#nodes.values()]
    const clientParts = { world, network: this.#network, answers: this.#answers }
    for (const node of nodes) node.startAfter(world.random.between(0, settings.startWithinMs))
    const workload = new Workload(clientParts, settings, nodes)
    const faults = new Faults(clientParts, nodes, settings)
    faults.start()
    world.runUntil(settings.faultyMs)
    new Recovery(clientParts, settings, nodes).run(workload, faults)
  }
}

/** The nodes that a node knows: all, or in a large cluster only those that know all. */
function listFor(own: PeerEntry, all: readonly PeerEntry[], fullLists: number): PeerEntry[] {
  const some = all.slice(0, fullLists)
  return some.includes(own) ? [...all] : [...some, own]
}

function drawEntries(random: Random, count: number): PeerEntry[] {
  const nodeIds = new Set<number>()
  while (nodeIds.size < count) nodeIds.add(random.whole(0, NODE_ID_MAX))
  return Array.from(nodeIds, (nodeId) => ({
    nodeId,
    address: { host: "10.0.0.1", port: 6_000 + nodeId },
  }))
}

/** The log of all nodes: read for what must not stand in it, and part of the trace. */
function worldLog(world: World, isExcused: (line: LogLine) => boolean): Logger {
  const write = (line: string): void => {
    if (world.trace.isOn) world.trace.line(world.nowMs, `log ${line.trimEnd()}`)
    const said = JSON.parse(line) as LogLine
    const { node, event, msg } = said
    const isForbidden = FORBIDDEN.includes(event) || FOR_TWO.includes(event)
    if (isForbidden && !isExcused(said)) world.breaks(`node ${node} says: ${msg}`)
  }
  return pino({ level: "info", base: null, timestamp: false }, { write })
}
