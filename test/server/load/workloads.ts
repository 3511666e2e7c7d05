import type { MixPart, Workload } from "../../../server/load/workload.ts"

/** A load of one connection, as far as it matters to its requests and answers. */
export function workloadOf(
  protocol: Workload["protocol"],
  mix: readonly MixPart[] = [{ op: "LOCAL", share: 1 }],
  count = 3,
): Workload {
  const servers = [{ host: "127.0.0.1", port: 1 }]
  return { servers, protocol, mix, connections: 1, depth: 1, burst: 1, count }
}
