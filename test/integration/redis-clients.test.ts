import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { RedisClient } from "bun"
import { Redis } from "ioredis"
import { decodeId } from "../../protocol/index.ts"
import { run } from "../support/command.ts"
import { RunningCluster } from "../support/running-cluster.ts"
import { expectDistinct } from "../support/ids.ts"
import { splitAddress } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const resources = new AsyncDisposableStack()
let hostname: string
let port: number

beforeAll(async () => {
  const dir = resources.use(new TempDir())
  const cluster = resources.use(await RunningCluster.start(dir.path, 2))
  ;({ hostname, port } = splitAddress(cluster.nodes[0]!.tcp))
})
afterAll(() => resources.disposeAsync())

function nodesOf(ids: readonly (string | null)[]): number[] {
  return ids.map((id) => decodeId(id!).node)
}

test("Bun's client gets ids, many at once, a block, and those of another node", async () => {
  const client = new RedisClient(`redis://${hostname}:${port}`)
  const ids = await Promise.all(Array.from({ length: 1_000 }, () => client.get("local")))
  expectDistinct([ids.map((id) => BigInt(id!))])
  expect(nodesOf(await client.mget("local", "node:1"))).toEqual([0, 1])
  const block = (await client.send("FIRN.IDS", ["10", "node:1"])) as string[]
  expect(BigInt(block[9]!) - BigInt(block[0]!)).toBe(9n)
  client.close()
})

test("ioredis gets ids, many at once, a block, and those of another node", async () => {
  const client = new Redis({ host: hostname, port })
  const ids = await Promise.all(Array.from({ length: 1_000 }, () => client.get("local")))
  expectDistinct([ids.map((id) => BigInt(id!))])
  expect(nodesOf(await client.mget("local", "node:1"))).toEqual([0, 1])
  const block = (await client.call("FIRN.IDS", "10", "random")) as string[]
  expect(BigInt(block[9]!) - BigInt(block[0]!)).toBe(9n)
  const refused = await client.set("a", "b").catch((error: Error) => error.message)
  expect(refused).toContain("ERR unknown command 'set'")
  await client.quit()
})

test("one key has one owner, by INCR and by GET", async () => {
  const client = new Redis({ host: hostname, port, stringNumbers: true })
  const owners = new Set<number>()
  for (let i = 0; i < 40; i++) {
    const byIncrement: unknown = await client.incr(`k${i}`)
    const [owner] = nodesOf([String(byIncrement)])
    expect(nodesOf([await client.get(`key:k${i}`)])).toEqual([owner!])
    owners.add(owner!)
  }
  expect(owners).toEqual(new Set([0, 1]))
  await client.quit()
})

testWith("redis-cli").each(["-2", "-3"])("redis-cli %s gets ids, exact", async (resp) => {
  const cli = ["redis-cli", resp, "-h", hostname, "-p", `${port}`]
  const { exitCode, stdout } = await run([...cli, "GET", "node:1"])
  expect([exitCode, decodeId(stdout.trim()).node]).toEqual([0, 1])
  const first = (await run([...cli, "INCR", "orders"])).stdout.trim()
  const last = (await run([...cli, "INCRBY", "orders", "5"])).stdout.trim()
  expect(BigInt(last)).toBeGreaterThan(BigInt(first) + 4n)
})
