import type { Bench } from "../bench.ts"
import type { OwnTarget } from "../load/load.ts"
import { ServerProcess } from "../machine/server-process.ts"

export const REDIS = "Redis INCR"
/** By whatever command. */
export const REDIS_SERVER = "redis-server"

/** A Redis that keeps nothing on the disk, its fastest way; undefined when it is not installed. */
export async function startRedis(
  bench: Bench,
  owner: AsyncDisposableStack,
): Promise<OwnTarget | undefined> {
  const tool = bench.tool("redis-server", "Redis INCR")
  if (tool === undefined) return undefined
  const port = bench.port()
  const settings = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
  const limits = ["--maxclients", "10064", "--tcp-backlog", "511"]
  const command = [tool.path, "--port", `${port}`, ...settings, ...limits]
  const ready = /Ready to accept connections/
  const redis = owner.use(await ServerProcess.start(command, { core: "server", ready }))
  return { port, protocol: "redis", mix: [{ op: "KEY", key: "ids", share: 1 }], pid: redis.pid }
}
