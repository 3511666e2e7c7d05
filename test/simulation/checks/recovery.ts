import { Op, Status } from "../../../protocol/index.ts"
import { BURST_MS } from "../../../server/generator/generator.ts"
import { RESERVE_MS, TIME_LIMIT } from "../../../server/generator/reservation.ts"
import { STAND_MS } from "../../../server/generator/trusted-clock.ts"
import { rendezvousOwner } from "../../../server/routing/rendezvous.ts"
import { ClockTrial } from "./clock-trial.ts"
import type { ClientParts } from "../clients/client.ts"
import type { Faults } from "../faults.ts"
import { request } from "../clients/requests.ts"
import type { Settings } from "../settings.ts"
import { NodeState } from "../machine/simulated-node.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import { survey } from "../clients/survey.ts"
import type { Question } from "../clients/survey.ts"
import type { Workload } from "../clients/workload.ts"

/** A stop may take 6 s, and a restart and a start have to follow. */
const UP_WITHIN_MS = 9_000
/** As long as that may take a process to end that was overtaken and has no ids left. */
const GONE_WITHIN_MS = 9_000
/** From then on a node gives out its own ids, if its clock allows it and is believed. */
const SERVES_WITHIN_MS = 2_500
/** What the README promises for a peer that is back, and time for the answer. */
const ROUTES_WITHIN_MS = 3_500
/** The longest that anything takes to be answered or given up. */
const ANSWERED_WITHIN_MS = 6_000
/** A node that is ahead of the clock by less is waited for. */
const WAITED_FOR_MS = 12_000
/** This close to the end of the format a node may refuse for good before the run is over. */
const NEAR_END_MS = 60_000
const STEP_MS = 50
/** In a larger cluster not every node is asked for the ids of every other one. */
const PAIRS_MAX = 400
const KEYS = [1, 0x7fff_ffff, 0xdead_beef]

/**
 * What must be true once nothing goes wrong any more: every node gives out ids, its own and those of
 * the others, within a bounded time. A node whose time is ahead of the wall clock by more than is
 * allowed refuses until the clock has caught up, which is then made to happen.
 */
export class Recovery {
  readonly #parts: ClientParts
  readonly #settings: Settings
  readonly #nodes: readonly SimulatedNode[]
  readonly #leadMaxMs: number
  /** How long a node may take to give out its own ids, if its clock allows it. */
  readonly #servesWithinMs: number

  constructor(parts: ClientParts, settings: Settings, nodes: readonly SimulatedNode[]) {
    this.#parts = parts
    this.#settings = settings
    this.#nodes = nodes
    this.#leadMaxMs = Math.max(BURST_MS, settings.maxClockLeadMs)
    // With others to confirm that its clock has been set right; alone, that has to stand for a while.
    this.#servesWithinMs = SERVES_WITHIN_MS + (nodes.length > 1 ? 0 : STAND_MS)
  }

  run(workload: Workload, faults: Faults): void {
    const { world } = this.#parts
    workload.stop()
    faults.stop()
    this.#setClocks(0)
    this.#waitUntil("is not up", UP_WITHIN_MS, ({ state }) => state === NodeState.UP)
    this.#catchUp()
    survey(this.#parts, this.#ownIds(), this.#servesWithinMs)
    survey(this.#parts, this.#idsOfOthers(), ROUTES_WITHIN_MS)
    survey(this.#parts, this.#idsOfKeys(), ROUTES_WITHIN_MS)
    world.runUntil(world.nowMs + ANSWERED_WITHIN_MS)
    workload.checkAnswered()
    this.#waitUntil("has a process that was overtaken", GONE_WITHIN_MS, (node) => !node.hasRelic)
    const able = this.#able
    if (able.length > 0) new ClockTrial(this.#parts, this.#settings, world.random.pick(able)).run()
  }

  /** @param aheadMs how far ahead of the true time */
  #setClocks(aheadMs: number): void {
    const { world } = this.#parts
    for (const { clock } of this.#nodes) {
      clock.drift(1)
      clock.set(this.#settings.startMs + world.nowMs + aheadMs + world.random.between(-1, 1))
    }
  }

  #waitUntil(what: string, withinMs: number, isSo: (node: SimulatedNode) => boolean): void {
    const { world } = this.#parts
    const endMs = world.nowMs + withinMs
    for (;;) {
      const late = this.#nodes.find((node) => !isSo(node))
      if (late === undefined) return
      if (world.nowMs >= endMs) {
        world.breaks(`node ${late.nodeId} still ${what} after ${withinMs} ms`)
      }
      world.runUntil(world.nowMs + STEP_MS)
    }
  }

  /** Lets the wall clocks catch up with the marks: by waiting, or where that takes years, at once. */
  #catchUp(): void {
    const { world } = this.#parts
    const behindMs = Math.max(...this.#nodes.map((node) => this.#behindMs(node)))
    if (behindMs <= 0) return
    if (behindMs <= WAITED_FOR_MS) world.runUntil(world.nowMs + behindMs + 1)
    else {
      survey(this.#parts, this.#refusals(), this.#servesWithinMs)
      this.#setClocks(behindMs + 1)
    }
  }

  /** For how long the clock may keep a node from serving; 0 and less: not at all. */
  #behindMs(node: SimulatedNode): number {
    if (isNearEnd(node)) return 0
    return node.durableMark - node.wall - this.#leadMaxMs
  }

  /** A node whose last id is too far ahead has to refuse; one that need not refuse must not. */
  #refusals(): Question[] {
    return this.#able.map((node) => {
      const behindMs = this.#behindMs(node)
      const aheadMs = node.lastTime - node.wall - this.#leadMaxMs
      const isRight = (status: number): boolean =>
        status === Status.CLOCK_BEHIND
          ? behindMs > 0
          : status === Status.OK && aheadMs < SERVES_WITHIN_MS
      return { node, request: request(Op.LOCAL, 1), isRight }
    })
  }

  #ownIds(): Question[] {
    return this.#able.map((node) => ({ node, request: request(Op.LOCAL, 1), isRight: isOk }))
  }

  #idsOfOthers(): Question[] {
    const { random } = this.#parts.world
    const share = PAIRS_MAX / this.#able.length ** 2
    return this.#able.flatMap((node) =>
      this.#able
        .filter(({ nodeId }) => node.listing.hasHad(nodeId, Infinity) && random.chance(share))
        .map(({ nodeId }) => ({ node, request: request(Op.NODE, 1, nodeId), isRight: isOk })),
    )
  }

  /** Whichever node is asked, the ids for a key are of the node that owns it. */
  #idsOfKeys(): Question[] {
    const nodeIds = this.#nodes.map(({ nodeId }) => nodeId)
    if (this.#able.length < nodeIds.length || nodeIds.length ** 2 > PAIRS_MAX) return []
    return KEYS.flatMap((key) => {
      const owner = rendezvousOwner(key, nodeIds)
      const isRight = (_: number, node: number | undefined): boolean => node === owner
      return this.#able.map((node) => ({ node, request: request(Op.KEY, 1, key), isRight }))
    })
  }

  /** The nodes that have time left in the format. */
  get #able(): SimulatedNode[] {
    return this.#nodes.filter((node) => !isNearEnd(node))
  }
}

function isOk(status: number): boolean {
  return status === Status.OK
}

function isNearEnd(node: SimulatedNode): boolean {
  return Math.max(node.durableMark, node.wall + RESERVE_MS + NEAR_END_MS) >= TIME_LIMIT
}
