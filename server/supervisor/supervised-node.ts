import { ExitCode } from "../errors.ts"
import type { Logger } from "pino"
import { backoffMs } from "../../protocol/index.ts"
import type { Environment, Timer } from "../environment.ts"
import type { LogRelay } from "./log-relay.ts"
import type { NodePlan } from "./node-plan.ts"
import type { NodeProcess, ProcessEnd, SpawnNode } from "./node-process.ts"

/** A node whose process ran this long starts again at the shortest backoff. */
const STEADY_MS = 10_000

const State = {
  /** There is no process yet, or it has not said that it listens. */
  STARTING: "STARTING",
  LISTENING: "LISTENING",
  /** The process died; the next one is due. */
  WAITING: "WAITING",
  /** No other process is started. */
  STOPPING: "STOPPING",
} as const
type State = (typeof State)[keyof typeof State]

/** Why a node cannot be run; starting it again would not help. */
export interface Failure {
  readonly nodeId: number
  /** One line that names the node. */
  readonly message: string
  /** Whether the fault is in what was asked for, and not in the machine. */
  readonly isUsage: boolean
}

export interface SupervisedNodeEvents {
  /** It listens for the first time. */
  listening(): void
  failed(failure: Failure): void
  /** Its process has ended after `stop`. */
  stopped(): void
}

export interface SupervisedNodeParts {
  readonly spawn: SpawnNode
  readonly environment: Environment
  readonly relay: LogRelay
  /** The log of the cluster. */
  readonly log: Logger
  /** The log of the node itself, for what its process writes to standard error. */
  readonly nodeLog: Logger
}

/** One node: runs its process, and starts the next one when that has died. */
export class SupervisedNode {
  readonly plan: NodePlan
  readonly #parts: SupervisedNodeParts
  readonly #events: SupervisedNodeEvents
  #state: State = State.STARTING
  #process: NodeProcess | undefined
  #startedMs = 0
  #restart: Timer | undefined
  #hasListened = false
  /** How many processes in a row died soon. */
  #deaths = 0
  #lastError = ""
  #stoppedInOrder = true

  constructor(plan: NodePlan, parts: SupervisedNodeParts, events: SupervisedNodeEvents) {
    this.plan = plan
    this.#parts = parts
    this.#events = events
  }

  /** The process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** False when the process was told to stop, and ended with an error or had to be killed. */
  get stoppedInOrder(): boolean {
    return this.#stoppedInOrder
  }

  start(): void {
    const { spawn, environment, nodeLog } = this.#parts
    this.#state = State.STARTING
    this.#startedMs = environment.monotonicMs()
    this.#lastError = ""
    try {
      this.#process = spawn(this.plan, {
        outputLine: (line) => this.#takeOutput(line),
        errorLine: (line) => {
          this.#lastError = line.replace(/^error: /, "")
          nodeLog.error({ event: "stderr" }, line)
        },
        ended: (end) => this.#ended(end),
      })
    } catch (error) {
      this.#lastError = `its process cannot be started: ${(error as Error).message}`
      this.#died({ exitCode: 1, signal: null })
    }
  }

  /** Tells the process to stop, as an operator would. Without a process, none is started again. */
  stop(): void {
    this.#state = State.STOPPING
    this.#restart?.cancel()
    this.#process?.kill("SIGTERM")
  }

  /** Has the process read its files anew. One that is being started is about to read them. */
  reload(): void {
    if (this.#state === State.LISTENING) this.#process?.kill("SIGHUP")
  }

  /** Kills a process that did not stop. */
  kill(): void {
    if (this.#process === undefined) return
    const { nodeId } = this.plan
    this.#parts.log.error(
      { event: "node-killed", nodeId, pid: this.#process.pid },
      `node ${nodeId} has not stopped in time and is killed`,
    )
    this.#process.kill("SIGKILL")
  }

  #takeOutput(line: string): void {
    if (this.#parts.relay.pass(line) !== "listening" || this.#state !== State.STARTING) return
    this.#state = State.LISTENING
    if (this.#deaths > 0) this.#logRestarted()
    if (this.#hasListened) return
    this.#hasListened = true
    this.#events.listening()
  }

  #ended(end: ProcessEnd): void {
    this.#process = undefined
    if (this.#state !== State.STOPPING) {
      this.#died(end)
      return
    }
    // A process that has only just started does not handle the signal yet, and ends by it.
    const { exitCode, signal } = end
    this.#stoppedInOrder = exitCode === 0 || signal === "SIGTERM" || signal === "SIGINT"
    this.#events.stopped()
  }

  #died(end: ProcessEnd): void {
    const isUsage = end.exitCode === ExitCode.USAGE
    // What keeps a node from its first start does not pass with time: a person has to see it.
    const failsToStart = !this.#hasListened && end.exitCode !== null && end.exitCode > 0
    if (!isUsage && !failsToStart) {
      this.#restartLater(end)
      return
    }
    this.#state = State.STOPPING
    const { nodeId } = this.plan
    const message = `node ${nodeId}: ${this.#lastError || `it ${endText(end)}`}`
    this.#events.failed({ nodeId, message, isUsage })
  }

  #restartLater(end: ProcessEnd): void {
    const { environment, log } = this.#parts
    const { nodeId } = this.plan
    if (environment.monotonicMs() - this.#startedMs >= STEADY_MS) this.#deaths = 0
    const restartInMs = Math.round(backoffMs(this.#deaths++, environment.random()))
    this.#state = State.WAITING
    this.#restart = environment.after(restartInMs, () => this.start())
    log.error(
      { event: "node-died", nodeId, ...end, restartInMs },
      `node ${nodeId} ${endText(end)}; it is restarted in ${restartInMs} ms`,
    )
  }

  #logRestarted(): void {
    const { nodeId } = this.plan
    this.#parts.log.info(
      { event: "node-restarted", nodeId, pid: this.pid },
      `node ${nodeId} was restarted and listens`,
    )
  }
}

function endText({ exitCode, signal }: ProcessEnd): string {
  return signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`
}
