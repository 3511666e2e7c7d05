import { loggerOn } from "../../server/log.ts"
import { LogRelay } from "../../server/supervisor/log-relay.ts"
import { planNodes } from "../../server/supervisor/node-plan.ts"
import type { NodeProcessEvents, ProcessEnd } from "../../server/supervisor/node-process.ts"
import { Supervisor } from "../../server/supervisor/supervisor.ts"
import type { Outcome } from "../../server/supervisor/supervisor.ts"
import type { LogLine } from "./firn-process.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"

/** The process of a node as a supervisor sees it; what it does is up to the test. */
export class FakeNodeProcess {
  readonly pid: number
  readonly nodeId: number
  /** What it was sent, in order. */
  readonly signals: string[] = []
  readonly #events: NodeProcessEvents

  constructor(pid: number, nodeId: number, events: NodeProcessEvents) {
    this.pid = pid
    this.nodeId = nodeId
    this.#events = events
  }

  kill(signal: string): void {
    this.signals.push(signal)
  }

  listen(): void {
    const line = { level: 30, node: this.nodeId, event: "listening", msg: "listening" }
    this.#events.outputLine(JSON.stringify(line))
  }

  complain(line: string): void {
    this.#events.errorLine(line)
  }

  exit(exitCode: number): void {
    this.#events.ended({ exitCode, signal: null })
  }

  die(signal: ProcessEnd["signal"] = "SIGKILL"): void {
    this.#events.ended({ exitCode: null, signal })
  }
}

/** A supervisor over fake processes, in virtual time and without chance. */
export class FakeCluster {
  readonly environment: VirtualEnvironment = new VirtualEnvironment()
  readonly supervisor: Supervisor
  /** All processes so far, in the order they were started. */
  readonly processes: FakeNodeProcess[] = []
  readonly log: LogLine[] = []
  /** Why the system starts no process; undefined when it does. */
  spawnFault: string | undefined

  constructor(nodes: number) {
    // Chance takes nothing off the backoff.
    this.environment.random = () => 1
    const stream = { write: (line: string) => void this.log.push(JSON.parse(line) as LogLine) }
    const ports = Array.from({ length: nodes }, (_, nodeId) => nodeId + 1)
    this.supervisor = new Supervisor({
      plans: planNodes("data", { tcp: ports, http: ports }),
      spawn: ({ nodeId }, events) => {
        if (this.spawnFault !== undefined) throw new Error(this.spawnFault)
        const process = new FakeNodeProcess(this.processes.length + 1, nodeId, events)
        this.processes.push(process)
        return process
      },
      environment: this.environment,
      drainTimeoutMs: 10_000,
      advises: true,
      relay: new LogRelay(stream, "info"),
      log: loggerOn(stream, "info", "cluster"),
      nodeLog: (nodeId) => loggerOn(stream, "info", nodeId),
    })
  }

  /** Starts the nodes; each listens at once. */
  static listening(nodes: number): FakeCluster {
    const cluster = new FakeCluster(nodes)
    cluster.supervisor.start()
    for (const process of cluster.processes) process.listen()
    return cluster
  }

  /** The process started last. */
  get last(): FakeNodeProcess {
    return this.processes.at(-1)!
  }

  logged(event: string): LogLine[] {
    return this.log.filter((line) => line.event === event)
  }

  /** How it ended; undefined when it has not. */
  async ending(): Promise<Outcome | undefined> {
    return await Promise.race([this.supervisor.ended, Promise.resolve(undefined)])
  }
}
