import { READY } from "../../server/readiness.ts"
import type { HttpRequest } from "../../server/transport/http/request.ts"
import type { ServedNode } from "../../server/transport/http/route.ts"
import type { FakeServer } from "./fake-client.ts"
import { SAMPLE_STATUS } from "./sample-status.ts"

/** @param target the path, with the query if there is one */
export function httpRequest(
  target: string,
  { method = "GET", accept = "*/*" }: Partial<Pick<HttpRequest, "method" | "accept">> = {},
): HttpRequest {
  const [path = "", query = ""] = target.split("?", 2)
  return { method, path, query, accept }
}

/** A node that gives out the ids of `server`, and tells of itself what a test wants. */
export function servedNode(server: FakeServer, told: Partial<ServedNode> = {}): ServedNode {
  const { router, fairQueue } = server
  return { router, fairQueue, readiness: () => READY, status: () => SAMPLE_STATUS, ...told }
}
