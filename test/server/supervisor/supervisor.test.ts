import { describe, expect, test } from "bun:test"
import { FakeCluster } from "../../support/fake-nodes.ts"

/** Lets the process started last die, over and over, after `ranMs`. @returns the waits between */
function waitsBetween(cluster: FakeCluster, deaths: number, ranMs: number): number[] {
  return Array.from({ length: deaths }, () => {
    cluster.environment.advance(ranMs)
    cluster.last.die()
    const waitMs = cluster.environment.nextTimerMs!
    cluster.environment.advance(waitMs)
    cluster.last.listen()
    return waitMs
  })
}

describe("a node that dies", () => {
  test("is started again after a wait that doubles from 50 ms to 2 s", () => {
    const cluster = FakeCluster.listening(1)
    expect(waitsBetween(cluster, 8, 9_999)).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000])
    expect(cluster.processes).toHaveLength(9)
    const told = cluster.logged("node-died").map((line) => line["restartInMs"])
    expect(told).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000])
  })

  test("after it ran for 10 s is taken for one that dies for the first time", () => {
    const cluster = FakeCluster.listening(1)
    expect(waitsBetween(cluster, 3, 1)).toEqual([50, 100, 200])
    expect(waitsBetween(cluster, 2, 10_000)).toEqual([50, 50])
    expect(waitsBetween(cluster, 2, 1)).toEqual([100, 200])
  })

  test("is said to have died and, once it listens, to be back, with its new process", () => {
    const cluster = FakeCluster.listening(2)
    cluster.processes[1]!.die("SIGSEGV")
    expect(cluster.logged("node-died")).toMatchObject([
      { level: 50, node: "cluster", nodeId: 1, exitCode: null, signal: "SIGSEGV" },
    ])
    cluster.environment.advance(50)
    expect(cluster.logged("node-restarted")).toEqual([])
    cluster.last.listen()
    expect(cluster.logged("node-restarted")).toMatchObject([
      { level: 30, node: "cluster", nodeId: 1, pid: 3 },
    ])
    expect(cluster.logged("cluster-listening")).toHaveLength(1)
  })

  test("with exit code 0 or 1 is started again as well, once it has listened", () => {
    const cluster = FakeCluster.listening(1)
    for (const exitCode of [0, 1, 1]) {
      cluster.last.exit(exitCode)
      cluster.environment.advance(2_000)
    }
    expect(cluster.processes).toHaveLength(4)
    expect(cluster.logged("node-died").map((line) => line["exitCode"])).toEqual([0, 1, 1])
  })

  test("by a signal before it ever listened holds the announcement up, no more", () => {
    const cluster = new FakeCluster(2)
    cluster.supervisor.start()
    cluster.processes[0]!.listen()
    cluster.processes[1]!.die()
    expect(cluster.logged("cluster-listening")).toEqual([])
    cluster.environment.advance(50)
    cluster.last.listen()
    const [line] = cluster.logged("cluster-listening")
    expect(line!["nodes"]).toEqual([
      { node: 0, pid: 1, tcp: "127.0.0.1:1", http: "127.0.0.1:1" },
      { node: 1, pid: 3, tcp: "127.0.0.1:2", http: "127.0.0.1:2" },
    ])
  })

  test("when the system starts no processes is tried again until it does", () => {
    const cluster = FakeCluster.listening(1)
    cluster.spawnFault = "too many processes"
    cluster.last.die()
    cluster.environment.advance(10_000)
    expect(cluster.processes).toHaveLength(1)
    expect(cluster.logged("node-died").length).toBeGreaterThan(4)
    cluster.spawnFault = undefined
    cluster.environment.advance(2_000)
    expect(cluster.processes).toHaveLength(2)
  })
})

describe("what no restart can help ends the whole:", () => {
  test("exit code 1 before it listened, with the line it wrote", async () => {
    const cluster = new FakeCluster(3)
    cluster.supervisor.start()
    const [first, second, third] = cluster.processes
    first!.listen()
    second!.complain("error: the port is taken")
    second!.exit(1)
    expect(cluster.logged("stderr")).toMatchObject([
      { level: 50, node: 1, msg: "error: the port is taken" },
    ])
    expect([first!.signals, second!.signals, third!.signals]).toEqual([
      ["SIGTERM"],
      [],
      ["SIGTERM"],
    ])
    first!.exit(0)
    expect(await cluster.ending()).toBeUndefined()
    third!.die("SIGTERM")
    expect(await cluster.ending()).toEqual({
      failure: { nodeId: 1, message: "node 1: the port is taken", isUsage: false },
      inOrder: true,
    })
    expect(cluster.environment.timerCount).toBe(0)
  })

  test("exit code 2 at any time, as wrong use", async () => {
    const cluster = FakeCluster.listening(1)
    cluster.last.die()
    cluster.environment.advance(50)
    cluster.last.exit(2)
    expect(await cluster.ending()).toEqual({
      failure: { nodeId: 0, message: "node 0: it ended with exit code 2", isUsage: true },
      inOrder: true,
    })
    expect(cluster.environment.timerCount).toBe(0)
  })

  test("a first process that cannot be started, and no other is", async () => {
    const cluster = new FakeCluster(2)
    cluster.spawnFault = "too many processes"
    cluster.supervisor.start()
    expect(await cluster.ending()).toMatchObject({
      failure: { message: "node 0: its process cannot be started: too many processes" },
    })
  })

  test("of two that fail the first is told", async () => {
    const cluster = new FakeCluster(2)
    cluster.supervisor.start()
    cluster.processes[1]!.exit(2)
    cluster.processes[0]!.exit(1)
    expect(await cluster.ending()).toMatchObject({ failure: { nodeId: 1, isUsage: true } })
    expect(cluster.logged("cluster-failed")).toHaveLength(1)
  })
})

describe("stopping", () => {
  test("tells each node again when it is asked again, which hurries it", async () => {
    const cluster = FakeCluster.listening(2)
    cluster.supervisor.stop("SIGINT")
    cluster.supervisor.stop("SIGTERM")
    expect(cluster.processes.map(({ signals }) => signals)).toEqual([
      ["SIGTERM", "SIGTERM"],
      ["SIGTERM", "SIGTERM"],
    ])
    expect(cluster.logged("stopping")).toMatchObject([{ node: "cluster", signal: "SIGINT" }])
    for (const process of cluster.processes) process.exit(0)
    expect(await cluster.ending()).toEqual({ failure: undefined, inOrder: true })
    expect(cluster.logged("stopped")).toHaveLength(1)
    expect(cluster.environment.timerCount).toBe(0)
  })

  test("kills what has not stopped 3 s after the drain timeout, says so, and does not end in order", async () => {
    const cluster = FakeCluster.listening(2)
    cluster.supervisor.stop("SIGTERM")
    cluster.processes[0]!.exit(0)
    cluster.environment.advance(12_999)
    expect(cluster.processes[1]!.signals).toEqual(["SIGTERM"])
    cluster.environment.advance(1)
    expect(cluster.processes.map(({ signals }) => signals)).toEqual([
      ["SIGTERM"],
      ["SIGTERM", "SIGKILL"],
    ])
    expect(cluster.logged("node-killed")).toMatchObject([{ level: 50, nodeId: 1, pid: 2 }])
    cluster.processes[1]!.die()
    expect(await cluster.ending()).toEqual({ failure: undefined, inOrder: false })
  })

  test("does not end in order when a node could not store its mark", async () => {
    const cluster = FakeCluster.listening(1)
    cluster.supervisor.stop("SIGTERM")
    cluster.last.exit(1)
    expect(await cluster.ending()).toEqual({ failure: undefined, inOrder: false })
  })

  test("starts nothing again, neither what was to be nor what ends meanwhile", async () => {
    const cluster = FakeCluster.listening(2)
    cluster.processes[0]!.die()
    cluster.supervisor.stop("SIGTERM")
    cluster.processes[1]!.exit(0)
    expect(await cluster.ending()).toEqual({ failure: undefined, inOrder: true })
    cluster.environment.advance(60_000)
    expect(cluster.processes).toHaveLength(2)
  })

  test("is over at once when there is no process", async () => {
    const cluster = FakeCluster.listening(1)
    cluster.last.die()
    cluster.supervisor.stop("SIGTERM")
    expect(await cluster.ending()).toEqual({ failure: undefined, inOrder: true })
    expect(cluster.logged("stopped")).toHaveLength(1)
  })

  test("before all listen announces nothing", () => {
    const cluster = new FakeCluster(2)
    cluster.supervisor.start()
    cluster.processes[0]!.listen()
    cluster.supervisor.stop("SIGTERM")
    cluster.processes[1]!.listen()
    expect(cluster.logged("cluster-listening")).toEqual([])
  })
})
