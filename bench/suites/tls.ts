import { join } from "node:path"
import { TempDir } from "../../test/support/temp-dir.ts"
import { pem, pemFile } from "../../test/support/tls-front.ts"
import type { Bench } from "../bench.ts"
import { FIRN } from "../figures.ts"
import type { Sample } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { Target } from "../load/load.ts"
import type { Core } from "../machine/cores.ts"
import { HAPROXY, startHaproxy } from "../rivals/haproxy.ts"
import { startNode } from "../servers.ts"
import type { RunningNode } from "../servers.ts"

export const WITHOUT_TLS = "without TLS"
/** HAProxy speaks TLS to the clients, and to a node without it. */
export const HAPROXY_IN_FRONT: string = `${HAPROXY} in front`

const CONNECTIONS = 50
const DEPTHS = [1, 16]
const HANDSHAKES = join(import.meta.dir, "../programs/handshakes.ts")

/** What TLS costs, and what it costs to leave it to HAProxy, which shares no core with the node. */
export async function tlsSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const plain = await startNode(bench, owner)
  const byTls = await startTlsNode(bench, owner, "server")
  for (const depth of DEPTHS) {
    await bench.compete(
      { ...figure(tlsName(depth), "ids/s"), parameters: { connections: CONNECTIONS, depth } },
      [
        { subject: FIRN, measure: () => load(bench, byTls, depth, "load") },
        { subject: WITHOUT_TLS, measure: () => load(bench, plain, depth, "load") },
      ],
    )
  }
  await besideHaproxy(bench)
}

/** No core is assigned: HAProxy and its node take one each. */
async function besideHaproxy(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const dir = owner.use(new TempDir())
  const certificate = dir.at("certificate.pem")
  await Bun.write(certificate, pem("server") + pem("server-key"))
  const behind = await startNode(bench, owner, { core: undefined })
  const proxy = await startHaproxy(bench, owner, behind.port, undefined, certificate)
  if (proxy === undefined) return
  const byTls = await startTlsNode(bench, owner, undefined)
  for (const depth of DEPTHS) {
    await bench.compete(
      { ...figure(proxiedName(depth), "ids/s"), parameters: { connections: CONNECTIONS, depth } },
      [
        { subject: FIRN, measure: () => load(bench, byTls, depth, undefined) },
        { subject: HAPROXY_IN_FRONT, measure: () => load(bench, proxy, depth, undefined) },
      ],
    )
  }
  await bench.compete({ ...figure(HANDSHAKES_NAME, "/s"), parameters: {} }, [
    { subject: FIRN, measure: () => handshakes(bench, byTls) },
    { subject: HAPROXY_IN_FRONT, measure: () => handshakes(bench, proxy) },
  ])
}

export function tlsName(depth: number): string {
  return `by TLS, ${CONNECTIONS} connections, ${depth} deep`
}

export function proxiedName(depth: number): string {
  return `by TLS or through HAProxy, ${CONNECTIONS} connections, ${depth} deep`
}

const HANDSHAKES_NAME = "full handshakes of TLS 1.3, P-256"

function figure(name: string, unit: string) {
  return { name, unit, better: "higher" } as const
}

async function startTlsNode(
  bench: Bench,
  owner: AsyncDisposableStack,
  core: Core | undefined,
): Promise<RunningNode & Target> {
  const args = ["--tls-cert", pemFile("server"), "--tls-key", pemFile("server-key")]
  return { ...(await startNode(bench, owner, { core, args })), tls: true }
}

async function load(
  bench: Bench,
  target: Target,
  depth: number,
  core: Core | undefined,
): Promise<Sample> {
  return throughput(await putLoad(bench, target, { connections: CONNECTIONS, depth }, core))
}

async function handshakes(bench: Bench, { port }: Target): Promise<Sample> {
  const command = [process.execPath, HANDSHAKES, `${port}`, `${bench.seconds * 2}`]
  return { value: Number(await bench.run(command)) }
}
