import { expect, setDefaultTimeout } from "bun:test"
import { join } from "node:path"
import { Status } from "../../protocol/index.ts"
import type { PartitionOutcome } from "../fixtures/partitioned-cluster.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { ROOT } from "../support/paths.ts"
import { testAllowed } from "../support/privileges.ts"
import { outcomeInNamespaces } from "../support/test-network.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const ROUNDS = sized(2, 10)
const SCRIPT = join(ROOT, "test/fixtures/partitioned-cluster.ts")

testAllowed("network namespaces")(
  "cut off from each other, both ways or one, nodes answer everything and repeat no id",
  async () => {
    const outcome = await outcomeInNamespaces<PartitionOutcome>(SCRIPT, `${ROUNDS}`)
    expect(outcome).toMatchObject({ duplicates: 0, lost: 0, mismatches: [] })
    expect(outcome.symmetric + outcome.oneWay).toBe(ROUNDS)
    // The cuts were felt.
    expect(outcome.answers[Status.NODE_DOWN]).toBeGreaterThan(0)
    report("partitions", {
      "rounds both ways": outcome.symmetric,
      "rounds one way": outcome.oneWay,
      ids: outcome.ids,
      duplicates: outcome.duplicates,
      "answers NODE_DOWN": outcome.answers[Status.NODE_DOWN] ?? 0,
      "answers TIMEOUT": outcome.answers[Status.TIMEOUT] ?? 0,
      "ms the longest return": outcome.longestReturnMs,
    })
  },
)
