import { conflictingVariables, startArguments } from "../config/start-arguments.ts"
import type { StartValues } from "../config/start-arguments.ts"
import { SUPERVISED_ENV } from "./child.ts"
import { LineSplitter } from "./line-splitter.ts"
import type { NodePlan } from "./node-plan.ts"

/** How a process ended: one of the two is set. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | number | null
}

/** A running process that this supervisor has started. */
export interface NodeProcess {
  readonly pid: number
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGHUP"): void
}

export interface NodeProcessEvents {
  /** A line of its standard output. */
  outputLine(line: string): void
  /** A line of its standard error. */
  errorLine(line: string): void
  /** It has ended, and all its lines have been passed on. */
  ended(end: ProcessEnd): void
}

/** Bun reads `.env` and `bunfig.toml` of the current directory, whoever put them there. */
const ALONE = ["--no-env-file", "--config=/dev/null"]
/** One process can have the address that a debugger connects to. */
const UNSHARED_ENV = { BUN_INSPECT: undefined, BUN_INSPECT_CONNECT_TO: undefined }

/** Starts the process of a node. @throws Error when the system cannot run one more */
export type SpawnNode = (plan: NodePlan, events: NodeProcessEvents) => NodeProcess

/** Runs `firn start` with these options, as this very program was started. */
export function spawnStart(values: StartValues, events: NodeProcessEvents): NodeProcess {
  // A variable gives way to an argument, but for one that may not stand beside it.
  const conflicting = conflictingVariables(values).map((name) => [name, undefined])
  const program = [process.execPath, ...ALONE, Bun.main]
  const child = Bun.spawn([...program, "start", ...startArguments(values)], {
    // Open, with nothing written to it, for as long as this process lives.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...process.env,
      ...UNSHARED_ENV,
      ...Object.fromEntries(conflicting),
      ...SUPERVISED_ENV,
    },
  })
  void Promise.all([
    eachLine(child.stdout, (line) => events.outputLine(line)),
    eachLine(child.stderr, (line) => events.errorLine(line)),
    child.exited,
  ]).then(() => events.ended({ exitCode: child.exitCode, signal: child.signalCode }))
  return child
}

async function eachLine(
  output: AsyncIterable<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const splitter = new LineSplitter(take)
  for await (const bytes of output) splitter.push(bytes)
  splitter.end()
}
