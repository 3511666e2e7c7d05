import { expect, test } from "bun:test"
import { startArguments } from "../../../server/config/start-arguments.ts"
import { planNodes, startValues } from "../../../server/supervisor/node-plan.ts"

test("each node is started with its own id, directory and addresses, and the list of all", () => {
  const plans = planNodes("some/data", { tcp: [6454, 6455], http: [5454, 5455] })
  const peers = "--peers 0@127.0.0.1:6454,1@127.0.0.1:6455"
  expect(plans.map((plan) => startArguments(startValues(plan, plans)).join(" "))).toEqual([
    "--node-id 0 --data-dir some/data/node-0 " +
      `--tcp 127.0.0.1:6454 --http 127.0.0.1:5454 ${peers}`,
    "--node-id 1 --data-dir some/data/node-1 " +
      `--tcp 127.0.0.1:6455 --http 127.0.0.1:5455 ${peers}`,
  ])
})
