import { expect, setDefaultTimeout } from "bun:test"
import { join } from "node:path"
import type { DarkRackOutcome } from "../fixtures/dark-rack.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { ROOT } from "../support/paths.ts"
import { testAllowed } from "../support/privileges.ts"
import { outcomeInNamespaces } from "../support/test-network.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const SECONDS = sized(6, 75)
const PEERS = 40
/** One that cannot be given up, of the time before it was known to be dark, and one that can. */
const ATTEMPTS_MAX = 2
const SCRIPT = join(ROOT, "test/fixtures/dark-rack.ts")

testAllowed("network namespaces")(
  "a rack of 40 peers that goes dark takes no more than two descriptors each",
  async () => {
    const outcome = await outcomeInNamespaces<DarkRackOutcome>(SCRIPT, `${SECONDS}`)
    expect(outcome.refused).toBe(0)
    expect(outcome.answered).toBeGreaterThan(PEERS)
    expect(outcome.attemptsOfOnePeer).toBeWithin(1, ATTEMPTS_MAX + 1)
    expect(outcome.descriptors).toBeLessThanOrEqual(ATTEMPTS_MAX * PEERS)
    report("dark-rack", { seconds: SECONDS, ...outcome })
  },
)
