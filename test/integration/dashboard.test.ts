import { expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { Op } from "../../protocol/index.ts"
import { dashboard, dashboardQueries } from "../support/dashboard.ts"
import { askUntil } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ROOT } from "../support/paths.ts"
import { Prometheus } from "../support/prometheus.ts"
import { TcpClient, requests, splitAddress } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { tlsArgs } from "../support/tls-node.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(120_000)

const PATIENCE_MS = 60_000

test("deploy/grafana/firn.json is what the program makes; if not, `npm run tables` writes it", async () => {
  const committed: unknown = await Bun.file(join(ROOT, "deploy/grafana/firn.json")).json()
  expect(committed).toEqual(JSON.parse(JSON.stringify(dashboard())))
})

testWith("prometheus")(
  "every query of the dashboard shows something of a cluster under load",
  async () => {
    await using cluster = await NodeCluster.start(3)
    using dir = new TempDir()
    await using secured = await RunningNode.start(dir.path, ["--node-id", "9", ...tlsArgs()])
    await using prometheus = await Prometheus.start({
      targets: [0, 1, 2].map((node) => cluster.node(node).http),
      tlsTargets: [secured.http],
      port: splitAddress(cluster.freeAddress()).port,
    })
    using client = await TcpClient.connect(cluster.addresses[0]!)
    const load = async (): Promise<void> => {
      const asked = [{ op: Op.LOCAL, count: 4_096 }, { op: Op.RANDOM }, { op: Op.NODE, target: 1 }]
      await client.send(requests(asked))
      await client.receive(asked.length)
    }
    for (const query of dashboardQueries()) {
      const expression = query
        .replaceAll("$__rate_interval", "10s")
        .replaceAll("$instance", ".*")
        .replaceAll("$job", "firn")
      expect(expression).not.toContain("$")
      const look = async () => {
        await load()
        return await prometheus.query(expression)
      }
      const isShown = (series: Awaited<ReturnType<typeof look>>): boolean => {
        return (
          series.length > 0 && series.every(({ value }) => value[1] !== "NaN" || series.length > 1)
        )
      }
      await askUntil(`something at ${expression}`, look, isShown, PATIENCE_MS)
    }
  },
)
