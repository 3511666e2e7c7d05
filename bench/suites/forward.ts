import type { Bench } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { Load, Target } from "../load/load.ts"
import { HAPROXY, startHaproxy } from "../rivals/haproxy.ts"
import { startNode } from "../servers.ts"

export const DIRECT = "no hop"

const CONNECTIONS = 50
const DEPTHS = [1, 16]

/** The hop from one node to another, against the same hop through a proxy. No core is assigned. */
export async function forwardSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const [frontPort, backPort] = [bench.port(), bench.port()]
  const peers = ["--peers", `0@127.0.0.1:${frontPort},1@127.0.0.1:${backPort}`]
  const common = { core: undefined, args: peers }
  const front = await startNode(bench, owner, { ...common, nodeId: 0, tcpPort: frontPort })
  const back = await startNode(bench, owner, { ...common, nodeId: 1, tcpPort: backPort })
  const proxy = await startHaproxy(bench, owner, backPort, undefined)
  for (const depth of DEPTHS) {
    const through =
      (target: Target, mix: Load["mix"] = [{ op: "LOCAL", share: 1 }]) =>
      async () => {
        const load = { connections: CONNECTIONS, depth, mix, seconds: bench.seconds * 1.5 }
        return throughput(await putLoad(bench, target, load, undefined))
      }
    const contestants = [
      { subject: FIRN, measure: through(front, [{ op: "NODE", node: 1, share: 1 }]) },
      { subject: DIRECT, measure: through(back) },
    ]
    if (proxy !== undefined) contestants.push({ subject: HAPROXY, measure: through(proxy) })
    await bench.compete(
      {
        name: forwardName(depth),
        unit: "ids/s",
        better: "higher",
        parameters: { connections: CONNECTIONS, depth },
        rounds: 4,
      },
      contestants,
    )
  }
}

/** The name of the figure of a hop. */
export function forwardName(depth: number): string {
  return `one hop, ${CONNECTIONS} connections, ${depth} deep`
}
