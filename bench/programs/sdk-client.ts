/*
 * A program that asks for ids without pause, `inFlight` calls at a time, by Firn's client or by
 * ioredis. It is bundled for Node and run by Node and by Bun; it prints how many ids it got a second.
 *
 *   node sdk-client.js '{"client":"firn","port":6454,"inFlight":1024,"warmUpSeconds":1,"seconds":1}'
 */
import { Redis } from "ioredis"
import { FirnClient } from "../../client-sdk/index.ts"

export interface SdkRun {
  readonly client: "firn" | "ioredis" | "ioredis-pipelined"
  readonly port: number
  readonly inFlight: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

const { client, port, inFlight, warmUpSeconds, seconds } = JSON.parse(process.argv[2]!) as SdkRun

function asker(): () => Promise<unknown> {
  if (client === "firn") {
    const firn = new FirnClient({ servers: [`127.0.0.1:${port}`] })
    return () => firn.id()
  }
  const enableAutoPipelining = client === "ioredis-pipelined"
  const redis = new Redis({ host: "127.0.0.1", port, enableAutoPipelining })
  return () => redis.incr("ids")
}

const ask = asker()
let got = 0

async function askOnAndOn(): Promise<void> {
  for (;;) {
    await ask()
    got++
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
// A call that fails is an unhandled rejection: the program ends with an exit code other than 0.
for (let i = 0; i < inFlight; i++) void askOnAndOn()
await sleep(warmUpSeconds * 1_000)
const before = got
const startMs = performance.now()
await sleep(seconds * 1_000)
const rate = ((got - before) / (performance.now() - startMs)) * 1_000
console.log(JSON.stringify(rate))
process.exit(0)
