import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, setDefaultTimeout } from "bun:test"
import { Op } from "../../protocol/index.ts"
import { runOrThrow } from "../support/command.ts"
import { askUntil } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { MovableClock } from "../support/movable-clock.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { ROOT } from "../support/paths.ts"
import { Prometheus } from "../support/prometheus.ts"
import { scrape } from "../support/scrape.ts"
import { seedAhead } from "../support/stored-mark.ts"
import { TcpClient, requests, splitAddress } from "../support/tcp-client.ts"
import { TcpProxy } from "../support/tcp-proxy.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(120_000)

const RULES = join(ROOT, "deploy/prometheus/firn.rules.yml")
const SIGNED_END = "firn_id_space_signed_end_timestamp_seconds"
const PATIENCE_MS = 60_000
/** More than half of what a request may take that other nodes are asked for, and less than all of it. */
const LATE_MS = 350
/** By then Prometheus, which scrapes once a second, has seen how everything was before. */
const SEEN_MS = 8_000
/** What Prometheus would wait for before it believes an alert. */
const FOR = /^ *for: .*\n/gm

/** All but FirnSignedEndNear, which takes the calendar of 2037. */
const PROVOKED = [
  "FirnCertificateEnds",
  "FirnClockLead",
  "FirnClockOffset",
  "FirnConnectionsNearLimit",
  "FirnDuplicateNodeId",
  "FirnEventLoopLag",
  "FirnMarkNotStored",
  "FirnNodeDown",
  "FirnNotReady",
  "FirnPeerDown",
  "FirnPeerEjected",
]

/** Nodes with a fault each, and what goes on with them. */
class Faults implements AsyncDisposable {
  /** HTTP of nodes that Prometheus is to scrape. */
  readonly targets: string[] = []
  readonly tlsTargets: string[] = []
  readonly cluster = new NodeCluster(5)
  /** Called again and again. */
  readonly ongoing: (() => Promise<void>)[] = []
  readonly #resources = new AsyncDisposableStack()

  async start(nodeId: number, args: readonly string[], dir = this.dir()): Promise<RunningNode> {
    const node = await RunningNode.start(dir, ["--node-id", `${nodeId}`, ...args])
    this.targets.push(node.http)
    return this.#resources.use(node)
  }

  dir(): string {
    return this.#resources.use(new TempDir()).path
  }

  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    return this.#resources.use(resource)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
    await this.cluster[Symbol.asyncDispose]()
  }
}

/** Asks a node for ids; whatever it answers. */
async function ask(address: string, op: number, target = 0): Promise<void> {
  using client = await TcpClient.connect(address)
  await client.send(requests([{ op, target }]))
  await client.receive(1)
}

/** A node that is gone, which another one has used; and one whose clock is five seconds ahead. */
async function lostAndSkewedPeers(faults: Faults): Promise<void> {
  const { cluster } = faults
  const peers = ["--peers", peersText(cluster.addresses.slice(0, 3))]
  const clock = new MovableClock(join(faults.dir(), "clock"))
  clock.step(5_000)
  await cluster.startNode(0, peers)
  await cluster.startNode(1, peers)
  await cluster.startNode(2, peers, { env: clock.env })
  for (const node of [0, 1]) faults.targets.push(cluster.node(node).http)
  for (const target of [1, 2]) await ask(cluster.addresses[0]!, Op.NODE, target)
  await cluster.kill(1)
}

/** A second process with a node's id, which could not be seen when it was started. */
async function duplicate(faults: Faults): Promise<void> {
  const first = await faults.start(20, [])
  const hidden = faults.cluster.freeAddress()
  const proxy = faults.use(await TcpProxy.listen(hidden, first.tcp))
  proxy.cut()
  const second = await faults.start(20, ["--peers", `21@${hidden}`])
  await ask(second.tcp, Op.NODE, 21)
  // Once Prometheus has seen that there was none.
  const startMs = performance.now()
  let isHealed = false
  faults.ongoing.push(async () => {
    if (isHealed || performance.now() - startMs < SEEN_MS) return
    isHealed = true
    await proxy.heal()
  })
}

/** Another node that passes its checks, and stands still whenever it is asked for ids. */
async function slowPeer(faults: Faults): Promise<void> {
  const { cluster } = faults
  const peers = peersText(cluster.addresses)
  const args = ["--peers", peers, "--forward-timeout", "500"]
  const node = await cluster.startNode(3, args)
  const slow = await cluster.startNode(4, ["--peers", peers])
  faults.targets.push(node.http)
  faults.ongoing.push(async () => {
    for (let i = 0; i < 5; i++) {
      slow.kill("SIGSTOP")
      const asked = ask(node.tcp, Op.NODE, 4)
      await Bun.sleep(LATE_MS)
      slow.kill("SIGCONT")
      await asked
    }
  })
}

/** Nodes whose ids are ahead of the clock: a little, and too far. */
async function clocksSetBack(faults: Faults): Promise<void> {
  for (const [nodeId, leadMs] of [
    [40, 9_000],
    [41, 3_600_000],
  ] as const) {
    const dir = faults.dir()
    seedAhead(dir, nodeId, leadMs)
    await faults.start(nodeId, ["--max-clock-lead", "60000"], dir)
  }
}

/** A node whose file is taken away while it runs. */
async function lostFile(faults: Faults): Promise<void> {
  const dir = faults.dir()
  await faults.start(50, [], dir)
  rmSync(join(dir, "node.sqlite"))
}

/** A node with nearly as many clients as it may have. */
async function crowded(faults: Faults): Promise<void> {
  const node = await faults.start(60, ["--max-connections", "10"])
  for (let i = 0; i < 9; i++) {
    const client = faults.use(await TcpClient.connect(node.tcp))
    await client.send(requests([{ op: Op.LOCAL }]))
  }
}

/** A node that gets no CPU for a third of each second. */
async function starved(faults: Faults): Promise<void> {
  const node = await faults.start(70, [])
  faults.ongoing.push(async () => {
    node.kill("SIGSTOP")
    await Bun.sleep(300)
    node.kill("SIGCONT")
  })
}

/** A node whose certificate ends in three days. */
async function oldCertificate(faults: Faults): Promise<void> {
  const dir = faults.dir()
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")]
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
  const name = ["-subj", "/CN=localhost", "-days", "3"]
  await runOrThrow(["openssl", "req", "-x509", ...curve, ...name, "-keyout", key, "-out", cert])
  const node = await RunningNode.start(join(dir, "data"), [
    "--node-id",
    "80",
    "--tls-cert",
    cert,
    "--tls-key",
    key,
  ])
  faults.use(node)
  faults.tlsTargets.push(node.http)
}

testWith(
  "prometheus",
  "libfaketime",
  "openssl",
)("each alert fires for its fault", async () => {
  await using faults = new Faults()
  await lostAndSkewedPeers(faults)
  for (const fault of [
    duplicate,
    slowPeer,
    clocksSetBack,
    lostFile,
    crowded,
    starved,
    oldCertificate,
  ]) {
    await fault(faults)
  }
  const { targets, tlsTargets } = faults
  const rules = (await Bun.file(RULES).text()).replace(FOR, "")
  const { port } = splitAddress(faults.cluster.freeAddress())
  await using prometheus = await Prometheus.start({ targets, tlsTargets, rules, port })
  const look = async (): Promise<string[]> => {
    await Promise.all(faults.ongoing.map((go) => go()))
    return await prometheus.fired()
  }
  const isAll = (names: readonly string[]): boolean =>
    PROVOKED.every((name) => names.includes(name))
  expect(await askUntil("all alerts", look, isAll, PATIENCE_MS)).toEqual(PROVOKED)
})

testWith(
  "prometheus",
  "promtool",
  "libfaketime",
)("FirnSignedEndNear fires by the calendar", async () => {
  await using faults = new Faults()
  const clock = new MovableClock(join(faults.dir(), "clock"))
  const dates = ["2037-09-01", "2037-09-15"].map((date) => Date.parse(date))
  const samples: string[] = []
  for (const dateMs of dates) {
    clock.set(dateMs)
    const args = ["--node-id", "0", "--epoch", "1970-01-01T00:00:00Z"]
    await using node = await RunningNode.start(faults.dir(), args, { env: clock.env })
    const end = (await scrape(node.http)).get(SIGNED_END)
    samples.push(`${SIGNED_END} ${end} ${dateMs / 1_000}\n`)
  }
  const { port } = splitAddress(faults.cluster.freeAddress())
  // Prometheus lives by the real time: it is asked for theirs.
  await using prometheus = await Prometheus.start({
    targets: [],
    samples: `${samples.join("")}# EOF\n`,
    port,
  })
  const expression = await expressionOf("FirnSignedEndNear")
  const found = await Promise.all(
    dates.map(async (dateMs) => (await prometheus.query(expression, dateMs)).length),
  )
  expect(found).toEqual([0, 1])
})

/** What an alert of the rules asks Prometheus. */
async function expressionOf(name: string): Promise<string> {
  const { groups } = Bun.YAML.parse(await Bun.file(RULES).text()) as {
    groups: { rules: { alert?: string; expr: string }[] }[]
  }
  return groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name)!.expr
}
