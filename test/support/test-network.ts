import { writeFileSync } from "node:fs"
import { runOrThrow } from "./command.ts"
import { FIRN } from "./firn-process.ts"
import { HOLD, HeldProcess } from "./held-process.ts"

/**
 * Runs a program that may make a `TestNetwork`, in namespaces of its own for users, network and
 * processes. However the program ends, they are gone with it, and all processes in them.
 */
export const IN_NAMESPACES: readonly string[] =
  "unshare --user --map-root-user --net --pid --fork --kill-child --mount-proc".split(" ")

/** Runs a program of `test/fixtures` in such namespaces. @returns the JSON that it writes at its end */
export async function outcomeInNamespaces<Outcome>(
  program: string,
  ...args: readonly string[]
): Promise<Outcome> {
  const command = [...IN_NAMESPACES, process.execPath, program, ...args]
  const script = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" })
  try {
    const output = await script.stdout.text()
    const exitCode = await script.exited
    if (exitCode !== 0) throw new Error(`${program} exited with ${exitCode}`)
    return JSON.parse(output) as Outcome
  } finally {
    script.kill("SIGKILL")
    await script.exited
  }
}

/** The preference of the rules that cut: they come before all others. */
const CUT_PREFERENCE = "1"

/**
 * Machines on a network that can be cut: a network namespace for each, connected by a wire of its
 * own to a router, which is where this process runs. The router reaches all machines always, and
 * silently drops what goes over a way that is cut.
 */
export class TestNetwork implements AsyncDisposable {
  readonly #machines: HeldProcess[] = []
  readonly #cuts: string[][] = []

  /** @param size how many machines, 250 at most */
  static async create(size: number): Promise<TestNetwork> {
    const network = new TestNetwork()
    try {
      await ip("link", "set", "lo", "up")
      writeFileSync("/proc/sys/net/ipv4/ip_forward", "1")
      for (let machine = 0; machine < size; machine++) await network.#add(machine)
      return network
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The address of a machine. */
  host(machine: number): string {
    return `10.77.${machine}.2`
  }

  /** What starts a `firn` on a machine. */
  firn(machine: number): readonly string[] {
    return [...this.on(machine), ...FIRN]
  }

  /** What runs a program on a machine: to be put before it. */
  on(machine: number): readonly string[] {
    return ["nsenter", "--target", `${this.#machines[machine]!.pid}`, "--net"]
  }

  /** Drops what one machine sends to another; not what that one sends back. */
  async cut(from: number, to: number): Promise<void> {
    const rule = ["from", this.host(from), "to", this.host(to)]
    await ip("rule", "add", "preference", CUT_PREFERENCE, ...rule, "blackhole")
    this.#cuts.push(rule)
  }

  /** Undoes all cuts. */
  async heal(): Promise<void> {
    for (const rule of this.#cuts.splice(0)) {
      await ip("rule", "delete", "preference", CUT_PREFERENCE, ...rule, "blackhole")
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.#machines) await machine[Symbol.asyncDispose]()
  }

  async #add(machine: number): Promise<void> {
    const namespace = await HeldProcess.start(["unshare", "--net", "sh", "-ec", HOLD])
    this.#machines.push(namespace)
    const router = `10.77.${machine}.1`
    const wire = `wire${machine}`
    await ip("link", "add", wire, "type", "veth", "peer", "eth0", "netns", `${namespace.pid}`)
    await ip("address", "add", `${router}/24`, "dev", wire)
    await ip("link", "set", wire, "up")
    for (const command of [
      ["link", "set", "lo", "up"],
      ["address", "add", `${this.host(machine)}/24`, "dev", "eth0"],
      ["link", "set", "eth0", "up"],
      ["route", "add", "default", "via", router],
    ]) {
      await runOrThrow([...this.on(machine), "ip", ...command])
    }
  }
}

async function ip(...args: string[]): Promise<void> {
  await runOrThrow(["ip", ...args])
}
