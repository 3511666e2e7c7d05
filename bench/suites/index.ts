import type { Bench } from "../bench.ts"
import { fairnessSuite } from "./fairness.ts"
import { forwardSuite } from "./forward.ts"
import { generatorSuite } from "./generator.ts"
import { growthSuite } from "./growth.ts"
import { httpSuite } from "./http.ts"
import { memorySuite } from "./memory.ts"
import { redisSuite } from "./redis.ts"
import { sdkSuite } from "./sdk.ts"
import { startSuite } from "./start.ts"
import { tcpSuite } from "./tcp.ts"
import { tlsSuite } from "./tls.ts"

/** In the order in which they are run. */
export const SUITES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  tcp: tcpSuite,
  http: httpSuite,
  forward: forwardSuite,
  redis: redisSuite,
  tls: tlsSuite,
  sdk: sdkSuite,
  generator: generatorSuite,
  start: startSuite,
  memory: memorySuite,
  growth: growthSuite,
  fairness: fairnessSuite,
}
