import { RESP_TYPES, createClient } from "@redis/client"
import { RedisClient } from "bun"
import { Redis } from "ioredis"
import { PythonClient } from "./python.ts"
import type { PythonEnvironment } from "./python.ts"

/** A client of Redis, as far as the tests use one; each call is the client's own. */
export interface TestedClient extends AsyncDisposable {
  /** @throws Error with what the server said */
  get(name: string): Promise<string | null>
  /** `INCR`; the digits as the client gives them at its most exact. */
  increment(key: string): Promise<string>
  incrementBy(key: string, count: number): Promise<string>
  ids(count: number, name: string): Promise<string[]>
  /** `GET local`, so many at once. */
  many(count: number): Promise<(string | null)[]>
}

export interface Endpoint {
  readonly hostname: string
  readonly port: number
}

/** Opens a client that connects by itself again, and tries on for as long as a test does. */
export type OpenClient = (endpoint: Endpoint) => Promise<TestedClient>

const ioredis =
  (protocol: 2 | 3): OpenClient =>
  ({ hostname, port }) => {
    const retryStrategy = (): number => 50
    const options = { host: hostname, port, protocol, stringNumbers: true, retryStrategy }
    const client = new Redis({ ...options, maxRetriesPerRequest: null })
    client.on("error", () => {})
    return Promise.resolve({
      get: (name) => client.get(name),
      increment: async (key) => String(await client.incr(key)),
      incrementBy: async (key, count) => String(await client.incrby(key, count)),
      ids: async (count, name) => (await client.call("FIRN.IDS", count, name)) as string[],
      many: async (count) => {
        const pipeline = client.pipeline()
        for (let i = 0; i < count; i++) pipeline.get("local")
        const results = (await pipeline.exec()) ?? []
        return results.map(([, id]) => id as string)
      },
      [Symbol.asyncDispose]: () => {
        client.disconnect()
        return Promise.resolve()
      },
    })
  }

const nodeRedis =
  (RESP: 2 | 3): OpenClient =>
  async ({ hostname, port }) => {
    const socket = { host: hostname, port, reconnectStrategy: () => 50 }
    const client = createClient({ socket, RESP })
    client.on("error", () => {})
    await client.connect()
    const exact = client.withTypeMapping({ [RESP_TYPES.NUMBER]: String })
    return {
      get: (name) => client.get(name),
      increment: (key) => exact.incr(key),
      incrementBy: (key, count) => exact.incrBy(key, count),
      ids: async (count, name) =>
        await client.sendCommand<string[]>(["FIRN.IDS", String(count), name]),
      many: (count) => Promise.all(Array.from({ length: count }, () => client.get("local"))),
      [Symbol.asyncDispose]: () => {
        client.destroy()
        return Promise.resolve()
      },
    }
  }

/** Speaks RESP 3 alone, and has no integers beyond 2^53. */
const bunRedis: OpenClient = ({ hostname, port }) => {
  const client = new RedisClient(`redis://${hostname}:${port}`, { maxRetries: 1_000 })
  return Promise.resolve({
    get: (name) => client.get(name),
    increment: async (key) => String(await client.incr(key)),
    incrementBy: async (key, count) => String(await client.incrby(key, count)),
    ids: async (count, name) => (await client.send("FIRN.IDS", [String(count), name])) as string[],
    many: (count) => Promise.all(Array.from({ length: count }, () => client.get("local"))),
    [Symbol.asyncDispose]: () => {
      client.close()
      return Promise.resolve()
    },
  })
}

/** Those of JavaScript, and whether their integers are exact. */
export const JAVASCRIPT_CLIENTS: readonly [name: string, open: OpenClient, isExact: boolean][] = [
  ["ioredis, RESP 2", ioredis(2), true],
  ["ioredis, RESP 3", ioredis(3), true],
  ["node-redis, RESP 2", nodeRedis(2), true],
  ["node-redis, RESP 3", nodeRedis(3), true],
  ["Bun.RedisClient", bunRedis, false],
]

/** redis-py. */
export async function openRedisPy(
  environment: PythonEnvironment,
  protocol: 2 | 3,
  { hostname, port }: Endpoint,
): Promise<TestedClient> {
  const client = new PythonClient(environment, "redis", hostname, `${port}`, `${protocol}`)
  const call = async <T>(name: string, ...args: unknown[]): Promise<T> =>
    (await client.call(name, ...args)) as T
  return await Promise.resolve({
    get: (name) => call("get", name),
    increment: (key) => call("increment", key),
    incrementBy: (key, count) => call("incrementBy", key, count),
    ids: (count, name) => call("ids", count, name),
    many: (count) => call("many", count),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  })
}
