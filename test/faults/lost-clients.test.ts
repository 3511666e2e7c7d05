import { expect, setDefaultTimeout } from "bun:test"
import { join } from "node:path"
import type { LostClientsOutcome } from "../fixtures/lost-clients.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { ROOT } from "../support/paths.ts"
import { testAllowed } from "../support/privileges.ts"
import { outcomeInNamespaces } from "../support/test-network.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const SCRIPT = join(ROOT, "test/fixtures/lost-clients.ts")
const CLIENTS = sized(20, 300)
/** In the long form the node is told nothing. */
const FLAGS = sized(["--tcp-keepalive", "3000"], [])
const GONE_MAX_MS = sized(30_000, 120_000)

testAllowed("network namespaces")(
  "clients whose network is gone are let go, idle or with answers on their way",
  async () => {
    const outcome = await outcomeInNamespaces<LostClientsOutcome>(SCRIPT, `${CLIENTS}`, ...FLAGS)
    const { clients, goneMs } = outcome
    expect(clients).toBe(CLIENTS)
    expect(goneMs).toBeLessThan(GONE_MAX_MS)
    report("lost clients", { clients, "ms until all were let go": goneMs })
  },
)
