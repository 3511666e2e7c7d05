import type { Logger } from "pino"
import type { Environment, Timer } from "../environment.ts"
import type { TryTls } from "../try-lines.ts"
import { addressText } from "../net/address.ts"
import { tableLines, tryLines } from "./first-lines.ts"
import type { LogRelay } from "./log-relay.ts"
import type { NodePlan } from "./node-plan.ts"
import type { SpawnNode } from "./node-process.ts"
import { SupervisedNode } from "./supervised-node.ts"
import type { Failure } from "./supervised-node.ts"

/** A node that stops at all does so within its drain timeout and little more. */
const STOP_MARGIN_MS = 3_000

/** How a cluster ended. */
export interface Outcome {
  /** Why it could not be run; undefined when it was told to stop. */
  readonly failure: Failure | undefined
  /** Whether every node stopped in order. */
  readonly inOrder: boolean
}

export interface SupervisorOptions {
  readonly plans: readonly NodePlan[]
  readonly spawn: SpawnNode
  readonly environment: Environment
  readonly relay: LogRelay
  /** How long a node may take to stop. */
  readonly drainTimeoutMs: number
  /** Whether the log shows a table of the nodes, and what to try. */
  readonly advises: boolean
  /** What whoever tries the nodes by TLS is told; undefined: they listen without. */
  readonly tryTls?: TryTls | undefined
  readonly log: Logger
  /** The logger of one node. */
  readonly nodeLog: (nodeId: number) => Logger
}

/** Runs the nodes of a cluster, each a process of its own. */
export class Supervisor {
  /** Resolves when no process is left. */
  readonly ended: Promise<Outcome>
  readonly #log: Logger
  readonly #environment: Environment
  readonly #nodes: readonly SupervisedNode[]
  readonly #drainTimeoutMs: number
  readonly #advises: boolean
  readonly #tryTls: TryTls | undefined
  readonly #end = Promise.withResolvers<Outcome>()
  #listening = 0
  #stopping = false
  #failure: Failure | undefined
  #killing: Timer | undefined

  constructor(options: SupervisorOptions) {
    const { plans, spawn, environment, relay, log, nodeLog } = options
    this.#drainTimeoutMs = options.drainTimeoutMs
    this.#tryTls = options.tryTls
    this.#advises = options.advises
    this.ended = this.#end.promise
    this.#log = log
    this.#environment = environment
    this.#nodes = plans.map((plan) => {
      const parts = { spawn, environment, relay, log, nodeLog: nodeLog(plan.nodeId) }
      return new SupervisedNode(plan, parts, {
        listening: () => this.#nodeListens(),
        failed: (failure) => this.#fail(failure),
        stopped: () => this.#endIfStopped(),
      })
    })
  }

  start(): void {
    for (const node of this.#nodes) {
      // A node before it that could not be started has stopped the whole cluster.
      if (!this.#stopping) node.start()
    }
  }

  /** Stops all nodes; a second call tells them again, which shortens it. */
  stop(signal: string): void {
    if (this.#stopping) {
      for (const node of this.#nodes) node.stop()
      return
    }
    this.#log.info({ event: "stopping", signal }, "stopping all nodes")
    this.#stopAll()
  }

  /** Has all nodes read their files anew. */
  reload(): void {
    for (const node of this.#nodes) node.reload()
  }

  #fail(failure: Failure): void {
    if (this.#stopping) return
    this.#failure = failure
    const { nodeId } = failure
    this.#log.error({ event: "cluster-failed", nodeId }, `node ${nodeId} cannot run: stopping all`)
    this.#stopAll()
  }

  #stopAll(): void {
    this.#stopping = true
    this.#killing = this.#environment.after(this.#drainTimeoutMs + STOP_MARGIN_MS, () => {
      for (const node of this.#nodes) node.kill()
    })
    for (const node of this.#nodes) node.stop()
    this.#endIfStopped()
  }

  #endIfStopped(): void {
    if (this.#nodes.some(({ pid }) => pid !== undefined)) return
    this.#killing?.cancel()
    const inOrder = this.#nodes.every(({ stoppedInOrder }) => stoppedInOrder)
    this.#log.info({ event: "stopped" }, "stopped")
    this.#end.resolve({ failure: this.#failure, inOrder })
  }

  #nodeListens(): void {
    this.#listening += 1
    if (this.#listening === this.#nodes.length && !this.#stopping) this.#announce()
  }

  #announce(): void {
    const log = this.#log
    const nodes = this.#nodes.map(({ pid, plan }) => {
      return { node: plan.nodeId, pid, tcp: addressText(plan.tcp), http: addressText(plan.http) }
    })
    const plans = this.#nodes.map(({ plan }) => plan)
    const shared = sharedBy(plans)
    log.info(
      { event: "cluster-listening", nodes, ...shared },
      nodes.length === 1 ? "1 node listens" : `${nodes.length} nodes listen`,
    )
    if (!this.#advises) return
    for (const line of tableLines(plans)) log.info({ event: "table" }, line)
    for (const line of tryLines(plans, this.#tryTls)) log.info({ event: "try" }, `try: ${line}`)
  }
}

/** The addresses that all nodes listen on, if there are any. */
function sharedBy(plans: readonly NodePlan[]): {
  readonly sharedTcp?: string
  readonly sharedHttp?: string
} {
  const shared = plans[0]?.shared
  if (shared === undefined) return {}
  return { sharedTcp: addressText(shared.tcp), sharedHttp: addressText(shared.http) }
}
