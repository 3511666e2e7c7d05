import { expect, setDefaultTimeout, test } from "bun:test"
import { RunningNode } from "../support/firn-process.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

test("with --http-status off only ids, what is in them, and health are left", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, ["--node-id", "3", "--http-status", "off"])
  const statusOf = async (path: string): Promise<number> => {
    return (await fetch(`http://${node.http}${path}`)).status
  }
  const paths = ["/lunique", "/dunique", "/decode/1", "/healthz", "/readyz", "/openapi.json"]
  for (const path of paths) expect([path, await statusOf(path)]).toEqual([path, 200])
  for (const path of ["/nodes", "/nodes.csv", "/metrics"]) {
    expect([path, await statusOf(path)]).toEqual([path, 404])
  }
  const document = (await (await fetch(`http://${node.http}/openapi.json`)).json()) as {
    paths: object
  }
  expect(Object.keys(document.paths)).toEqual([
    "/lunique",
    "/dunique",
    "/decode/{id}",
    "/healthz",
    "/readyz",
    "/openapi.json",
  ])
})
