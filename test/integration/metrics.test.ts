import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { Op } from "../../protocol/index.ts"
import { run } from "../support/command.ts"
import { askUntil } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster, nodeStatus } from "../support/node-cluster.ts"
import { scrape } from "../support/scrape.ts"
import { TcpClient, requests, splitAddress } from "../support/tcp-client.ts"
import type { RequestFields } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { tlsArgs } from "../support/tls-node.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const resources = new AsyncDisposableStack()
let cluster: NodeCluster
/** HTTP of node 0. */
let http: string

beforeAll(async () => {
  cluster = resources.use(await NodeCluster.start(2))
  http = cluster.node(0).http
})
afterAll(() => resources.disposeAsync())

/** How much the samples have grown while something was done. */
async function growth(work: () => Promise<void>): Promise<(sample: string) => number> {
  const before = await scrape(http)
  await work()
  const after = await scrape(http)
  return (sample) => (after.get(sample) ?? 0) - (before.get(sample) ?? 0)
}

/** Sends this to the TCP port of node 0, and closes once as many bytes have come. */
async function say(text: string, answerBytes: number): Promise<void> {
  const { hostname, port } = splitAddress(cluster.addresses[0]!)
  const { promise, resolve } = Promise.withResolvers<void>()
  let received = 0
  const socket = await Bun.connect({
    hostname,
    port,
    socket: {
      data: (_, chunk) => {
        received += chunk.length
        if (received >= answerBytes) resolve()
      },
    },
  })
  socket.write(text)
  await promise
  socket.end()
}

test("requests are counted by what they are spoken in, op and status", async () => {
  const grown = await growth(async () => {
    using client = await TcpClient.connect(cluster.addresses[0]!)
    const asked = requests([
      ...Array<RequestFields>(5).fill({ op: Op.LOCAL }),
      { op: Op.LOCAL, count: 100 },
      { op: Op.NODE, target: 0 },
      { op: Op.NODE, target: 1 },
      { op: Op.NODE, target: 9 },
      { op: Op.PING, count: 0 },
      { op: 0xee },
    ])
    await client.send(asked)
    await client.receive(11)
    await say("lunique 3\nnonsense\n", 40)
    await say("*2\r\n$3\r\nGET\r\n$5\r\nlocal\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n", 40)
    await fetch(`http://${http}/lunique`)
  })
  const counted = (dialect: string, op: string, status: string): number =>
    grown(`firn_requests_total{dialect="${dialect}",op="${op}",status="${status}"}`)
  expect(counted("frames", "LOCAL", "OK")).toBe(6)
  expect(counted("frames", "NODE", "OK")).toBe(2)
  expect(counted("frames", "NODE", "UNKNOWN_NODE")).toBe(1)
  expect(counted("frames", "PING", "OK")).toBeGreaterThanOrEqual(1)
  expect(counted("frames", "UNKNOWN", "BAD_REQUEST")).toBe(1)
  expect(counted("text", "LOCAL", "OK")).toBe(1)
  expect(counted("text", "OTHER", "ANSWERED")).toBe(1)
  expect(counted("redis", "LOCAL", "OK")).toBe(1)
  expect(counted("redis", "KEY", "OK")).toBe(1)
  expect(counted("http", "LOCAL", "OK")).toBe(1)
  // The scrape before is answered by then.
  expect(counted("http", "OTHER", "ANSWERED")).toBe(1)
  expect(grown("firn_ids_issued_total")).toBeGreaterThanOrEqual(5 + 100 + 1 + 3 + 1 + 1)
  expect(grown('firn_forwarded_requests_total{peer="1",status="OK"}')).toBeGreaterThanOrEqual(1)
  expect(grown("firn_connections_accepted_total")).toBeGreaterThanOrEqual(3)
  expect(grown('firn_connections_closed_total{reason="ended"}')).toBeGreaterThanOrEqual(2)
})

test("connections are shown by what they speak", async () => {
  using client = await TcpClient.connect(cluster.addresses[0]!)
  await client.send(requests([{ op: Op.LOCAL }]))
  await client.receive(1)
  const open = await scrape(http)
  expect(open.get('firn_connections{dialect="frames"}')).toBeGreaterThanOrEqual(1)
  expect(open.get('firn_connections{dialect="http"}')).toBeGreaterThanOrEqual(1)
  expect(open.get("firn_connections_max")).toBeGreaterThan(0)
})

test("another node is shown once it was used, and that it is gone, and who answered instead", async () => {
  const ask = async (): Promise<void> => {
    await (await fetch(`http://${http}/dunique?target=random&n=1`)).text()
  }
  const shown = await askUntil(
    "node 1 in use",
    async () => {
      await ask()
      return await scrape(http)
    },
    (samples) => samples.get('firn_peer_up{peer="1"}') === 1,
  )
  expect(shown.get('firn_peers{state="up"}')).toBe(1)
  expect(shown.get('firn_peer_ejected{peer="1"}')).toBe(0)
  expect(Math.abs(shown.get('firn_peer_clock_offset_seconds{peer="1"}')!)).toBeLessThan(0.5)
  expect(shown.get("firn_forward_duration_seconds_count")).toBeGreaterThan(0)
  // A peer that hangs until the deadline of its requests.
  const failovers = shown.get("firn_failovers_total")!
  cluster.node(1).kill("SIGSTOP")
  await askUntil(
    "a failover",
    async () => {
      await ask()
      return await scrape(http)
    },
    (samples) => samples.get("firn_failovers_total")! > failovers,
  )
  cluster.node(1).kill("SIGCONT")
  await cluster.kill(1)
  const gone = await askUntil(
    "the end of node 1",
    () => scrape(http),
    (samples) => samples.get('firn_peer_up{peer="1"}') === 0,
  )
  expect(gone.get('firn_peers{state="down"}')).toBe(1)
  await fetch(`http://${http}/dunique?target=1`)
  const refused = await scrape(http)
  expect(refused.get('firn_forwarded_requests_total{peer="1",status="NODE_DOWN"}')).toBeGreaterThan(
    0,
  )
  await cluster.restart(1)
})

test("the process is shown", async () => {
  const samples = await askUntil(
    "the event loop being looked at",
    () => scrape(http),
    (shown) => shown.get("firn_event_loop_lag_seconds_count")! > 2,
  )
  const { pid } = cluster.node(0)
  expect(samples.get(`firn_build_info{version="0.1.0",node="0"}`)).toBe(1)
  expect(samples.get("process_cpu_seconds_total")).toBeGreaterThan(0)
  expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(10e6)
  expect(samples.get("process_virtual_memory_bytes")).toBeGreaterThan(10e6)
  expect(samples.get("process_open_fds")).toBeWithin(5, samples.get("process_max_fds")!)
  const uptime = Date.now() / 1_000 - samples.get("process_start_time_seconds")!
  expect({ pid, isPlausible: uptime > 0 && uptime < 60 }).toEqual({ pid, isPlausible: true })
  const status = await nodeStatus(cluster.node(0))
  const seconds = (text: string): number => Date.parse(text) / 1_000
  expect(samples.get("firn_id_space_end_timestamp_seconds")).toBe(seconds(status.until))
  expect(samples.get("firn_id_space_signed_end_timestamp_seconds")).toBe(
    seconds(status.signedUntil),
  )
})

test("clients that are refused or closed are counted, and the end of the certificate is shown", async () => {
  using dir = new TempDir()
  const limits = ["--max-connections", "2", "--read-timeout", "1000"]
  await using small = await RunningNode.start(dir.path, ["--node-id", "3", ...limits, ...tlsArgs()])
  const secured = async (): Promise<Map<string, number>> => {
    const options = { tls: { rejectUnauthorized: false } }
    const response = await fetch(`https://${small.http}/metrics`, options)
    return new Map(
      [...(await response.text()).matchAll(/^(firn\S+) (\S+)$/gm)].map(
        ([, sample, value]) => [sample!, Number(value)] as const,
      ),
    )
  }
  const first = await secured()
  const { certificateEnds } = JSON.parse(
    await (
      await fetch(`https://${small.http}/nodes`, { tls: { rejectUnauthorized: false } })
    ).text(),
  ) as { certificateEnds: string }
  expect(first.get("firn_tls_certificate_expiry_timestamp_seconds")).toBe(
    Date.parse(certificateEnds) / 1_000,
  )
  const { hostname, port } = splitAddress(small.tcp)
  const plain = await Bun.connect({ hostname, port, socket: { data() {} } })
  plain.write("lunique\n")
  const silent = async () => {
    const tls = { rejectUnauthorized: false }
    return await Bun.connect({ hostname, port, tls, socket: { data() {} } })
  }
  // Besides the one over HTTP there is a place for one of them.
  const clients = [await silent(), await silent()]
  await askUntil("the clients", secured, (samples) => {
    return (
      (samples.get("firn_tls_handshakes_failed_total") ?? 0) > 0 &&
      (samples.get("firn_connections_refused_total") ?? 0) > 0 &&
      (samples.get('firn_connections_closed_total{reason="no-first-byte"}') ?? 0) > 0
    )
  })
  for (const client of [plain, ...clients]) client.terminate()
})

describe("promtool", () => {
  testWith("promtool")("has nothing to say about the metrics", async () => {
    const text = await (await fetch(`http://${http}/metrics`)).text()
    const { exitCode, stdout, stderr } = await run(["promtool", "check", "metrics"], text)
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" })
  })
})

test("Prometheus gets OpenMetrics as it asks for it, and curl gets text", async () => {
  const ask = async (accept: string): Promise<string | null> => {
    const response = await fetch(`http://${http}/metrics`, { headers: { accept } })
    const text = await response.text()
    expect(text.endsWith("# EOF\n")).toBe(
      response.headers.get("content-type")!.includes("openmetrics"),
    )
    return response.headers.get("content-type")
  }
  // Of Prometheus 2.42 and 3.5.
  const older =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
  const newer =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
  expect(await ask(older)).toStartWith("application/openmetrics-text; version=1.0.0")
  expect(await ask(newer)).toStartWith("application/openmetrics-text; version=1.0.0")
  expect(await ask("*/*")).toStartWith("text/plain; version=0.0.4")
  expect(await ask("text/plain")).toStartWith("text/plain; version=0.0.4")
})
