import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { decodeId } from "../../protocol/index.ts"
import { run } from "../support/command.ts"
import { askUntil } from "../support/deadline.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { expectDistinct } from "../support/ids.ts"
import { ROOT } from "../support/paths.ts"
import { PythonClient, PythonEnvironment } from "../support/python.ts"
import { JAVASCRIPT_CLIENTS, openRedisPy } from "../support/redis-clients.ts"
import type { Endpoint, OpenClient, TestedClient } from "../support/redis-clients.ts"
import { splitAddress } from "../support/tcp-client.ts"
import { isToolThere, testWith } from "../support/tools.ts"

setDefaultTimeout(120_000)

const resources = new AsyncDisposableStack()
let cluster: NodeCluster
let endpoint: Endpoint
let python: PythonEnvironment

beforeAll(async () => {
  cluster = resources.use(await NodeCluster.start(2))
  endpoint = splitAddress(cluster.addresses[0]!)
  if (isToolThere("python3"))
    python = resources.use(await PythonEnvironment.make("requirements.txt"))
})
afterAll(() => resources.disposeAsync())

function nodesOf(ids: readonly (string | null)[]): number[] {
  return ids.map((id) => decodeId(id!).node)
}

/** What everybody does who takes ids through a client of Redis. @param isExact of its integers */
async function useAsRedis(open: OpenClient, isExact: boolean): Promise<void> {
  await using client = await open(endpoint)
  const ids = [await client.get("local"), ...(await client.many(1_000))]
  expectDistinct([ids.map((id) => BigInt(id!))])
  expect(new Set(nodesOf(ids))).toEqual(new Set([0]))

  expect(nodesOf([await client.get("node:1")])).toEqual([1])
  const block = await client.ids(10, "node:1")
  expect(block.map(BigInt)).toEqual(block.map((_, i) => BigInt(block[0]!) + BigInt(i)))
  expect(nodesOf(block)).toEqual(Array<number>(10).fill(1))

  const before = BigInt((await client.get("key:orders"))!)
  const last = await client.incrementBy("orders", 10)
  const next = await client.increment("orders")
  if (isExact) {
    // The ten belong to the caller: none of them was given out before, nor will be.
    expect(BigInt(last) - before).toBeGreaterThanOrEqual(10n)
    expect(BigInt(next)).toBeGreaterThan(BigInt(last))
    expect(nodesOf([last, next])).toEqual(nodesOf([`${before}`, `${before}`]))
  } else {
    expect(Number(last) / Number(before)).toBeCloseTo(1, 5)
  }

  await refusedForNow(client)
  await afterRestart(client, ids)
}

/** Another node is gone for a while: the answer says that it may come back. */
async function refusedForNow(client: TestedClient): Promise<void> {
  await cluster.kill(1)
  const refusal = async (): Promise<string> => {
    return await client.get("node:1").then(String, (error: Error) => error.message)
  }
  const refused = await askUntil("the end of node 1", refusal, (text) => !/^\d+$/.test(text))
  // redis-py has an error of its own for it.
  expect(refused).toMatch(/(TRYAGAIN|TryAgainError:) (NODE_DOWN|TIMEOUT)/)
  expect(nodesOf([await client.get("local")])).toEqual([0])
  await cluster.restart(1)
  await askUntil("node 1 again", refusal, (text) => /^\d+$/.test(text))
}

/** The node that the client is connected to starts anew: the client finds it again. */
async function afterRestart(client: TestedClient, before: readonly (string | null)[]) {
  await cluster.kill(0)
  await cluster.restart(0)
  const ask = async (): Promise<string | null> => {
    return await client.get("local").catch((error: Error) => {
      // What was on its way when the connection broke may be told as lost.
      expect(error.message).toMatch(/close|connection|reset|socket/i)
      return null
    })
  }
  const id = await askUntil("an id after the restart", ask, (text) => text !== null)
  expectDistinct([[...before, id].map((text) => BigInt(text!))])
}

test.each(JAVASCRIPT_CLIENTS)("%s gets ids as from Redis", async (_, open, isExact) => {
  await useAsRedis(open, isExact)
})

testWith("python3").each([2, 3] as const)(
  "redis-py, RESP %d, gets ids as from Redis",
  async (resp) => {
    await useAsRedis((where) => openRedisPy(python, resp, where), true)
  },
)

testWith("python3")("the lines of the README run by redis-py", async () => {
  const page = await Bun.file(join(ROOT, "README.md")).text()
  const [, lines] = /```python\n([^]*?)```/.exec(page)!
  const where = `host="${endpoint.hostname}", port=${endpoint.port}`
  expect(lines).toContain("port=6454")
  const script = `import redis\n${lines!.replace("port=6454", where)}print(last - 99, last)\n`
  const { exitCode, stdout, stderr } = await run([python.program, "-c", script])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  const ids = stdout.match(/[0-9]{10,}/g) ?? []
  expect(ids).toHaveLength(5)
  expectDistinct([ids.map(BigInt)])
})

test("one key has one owner, by INCR and by GET", async () => {
  const [, open] = JAVASCRIPT_CLIENTS[0]!
  await using client = await open(endpoint)
  const owners = new Set<number>()
  for (let i = 0; i < 40; i++) {
    const [owner] = nodesOf([await client.increment(`k${i}`)])
    expect(nodesOf([await client.get(`key:k${i}`)])).toEqual([owner!])
    owners.add(owner!)
  }
  expect(owners).toEqual(new Set([0, 1]))
})

describe("redis-cli", () => {
  const cli = (...words: string[]): string[] => {
    return ["redis-cli", "-h", endpoint.hostname, "-p", `${endpoint.port}`, ...words]
  }

  testWith("redis-cli").each(["-2", "-3"])("%s gets ids, exact", async (resp) => {
    const { exitCode, stdout } = await run(cli(resp, "GET", "node:1"))
    expect([exitCode, decodeId(stdout.trim()).node]).toEqual([0, 1])
    const first = (await run(cli(resp, "INCR", "orders"))).stdout.trim()
    const last = (await run(cli(resp, "INCRBY", "orders", "5"))).stdout.trim()
    expect(BigInt(last)).toBeGreaterThan(BigInt(first) + 4n)
    const block = (await run(cli(resp, "FIRN.IDS", "3", "random"))).stdout.trim().split("\n")
    expect(BigInt(block[2]!) - BigInt(block[0]!)).toBe(2n)
  })

  testWith("redis-cli")("sends a thousand commands at once", async () => {
    const input = "*2\r\n$3\r\nGET\r\n$5\r\nlocal\r\n".repeat(1_000)
    const { exitCode, stdout } = await run(cli("--pipe"), input)
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("errors: 0, replies: 1000")])
  })

  testWith("redis-cli")(
    "shows what is refused for now, and finds a node that starts anew",
    async () => {
      await cluster.kill(1)
      const refused = await askUntil(
        "the end of node 1",
        async () => (await run(cli("GET", "node:1"))).stdout,
        (text) => !/^\d+\n$/.test(text),
      )
      expect(refused).toMatch(/^TRYAGAIN (NODE_DOWN|TIMEOUT) /)
      await cluster.restart(1)

      const both = ["sh", "-c", '"$@" 2>&1', "sh", ...cli()]
      const prompt = Bun.spawn(both, { stdin: "pipe", stdout: "pipe", stderr: "inherit" })
      const lines = prompt.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
      const ask = async (): Promise<string> => {
        void prompt.stdin.write("GET local\n")
        await prompt.stdin.flush()
        return String((await lines.next()).value).trim()
      }
      try {
        const before = await ask()
        await cluster.kill(0)
        await cluster.restart(0)
        const after = await askUntil("an id after the restart", ask, (text) => /^\d+$/.test(text))
        expect(BigInt(after)).toBeGreaterThan(BigInt(before))
      } finally {
        prompt.kill("SIGKILL")
        await prompt.exited
      }
    },
  )
})

describe("pymemcache", () => {
  testWith("python3")("gets ids as values", async () => {
    const { hostname, port } = endpoint
    await using client = new PythonClient(python, "memcached", hostname, `${port}`)
    const id = String(await client.call("get", "local"))
    expect(nodesOf([id])).toEqual([0])
    const [value, unique] = (await client.call("gets", "node:1")) as [string, string]
    expect(nodesOf([value])).toEqual([1])
    expect(unique).toBe(value)
    const names = ["local", "node:1", "random", "key:user:42"]
    const values = (await client.call("getMany", ...names)) as Record<string, string>
    expect(Object.keys(values).toSorted()).toEqual(names.toSorted())
    expectDistinct([[id, value, ...Object.values(values)].map(BigInt)])
    expect(await client.call("version")).toStartWith("0.")
    const refused = async (...call: [string, ...unknown[]]): Promise<string> => {
      return await client.call(...call).then(String, String)
    }
    expect(await refused("get", "orders")).toContain("MemcacheClientError: ")
    expect(await refused("set", "local", "1")).toContain("MemcacheClientError: ")
    // A value was to follow, so that the connection was closed; the next call has another.
    expect(nodesOf([String(await client.call("get", "local"))])).toEqual([0])
    await cluster.kill(1)
    const ask = (): Promise<string> => refused("get", "node:1")
    const gone = await askUntil("the end of node 1", ask, (text) => !/^\d+$/.test(text))
    expect(gone).toMatch(/MemcacheServerError: .*(NODE_DOWN|TIMEOUT)/)
    await cluster.restart(1)
  })
})
