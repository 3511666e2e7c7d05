import { FIRN, seriesOf, valuesOf } from "./figures.ts"
import type { Figure, Results } from "./figures.ts"
import { HAPROXY } from "./rivals/haproxy.ts"
import { REDIS_SERVER } from "./rivals/redis.ts"
import { ratioSpread, ratioText, shortNumber } from "./report.ts"
import { spreadOf } from "./statistics.ts"
import type { Spread } from "./statistics.ts"
import { forwardName } from "./suites/forward.ts"
import { GENERATOR_NAME } from "./suites/generator.ts"
import { halfLoadName } from "./suites/half-load.ts"
import { HTTP_FLOOR, LOCAL_NODE, RANDOM_NODE, clusterName, oneNodeName } from "./suites/http.ts"
import { redisName } from "./suites/redis.ts"
import { IOREDIS_PIPELINED, sdkName } from "./suites/sdk.ts"
import { HAPROXY_IN_FRONT, WITHOUT_TLS, proxiedName, tlsName } from "./suites/tls.ts"
import { MAIN_CONNECTIONS, TCP_FLOOR, WAITING_NAME, throughputName } from "./suites/tcp.ts"

/** What the median of a figure has to be, or that of its ratio to another subject (`ratioTo`). */
export interface Target {
  readonly figure: string
  readonly subject?: string
  readonly ratioTo?: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** What came of a target. */
export interface Verdict {
  readonly target: Target
  readonly measured: Spread
  readonly unit: string
  readonly met: boolean
}

const depth = (requests: number): string => throughputName(MAIN_CONNECTIONS, requests)

/** What Firn is held to, on a machine with two cores. */
export const TARGETS: readonly Target[] = [
  { figure: depth(1), ratioTo: TCP_FLOOR, atLeast: 0.95 },
  { figure: depth(16), ratioTo: TCP_FLOOR, atLeast: 0.85 },
  { figure: depth(128), atLeast: 4_050_000 },
  { figure: WAITING_NAME, atMost: 20 },
  { figure: halfLoadName(MAIN_CONNECTIONS, 1), atMost: 2 },
  { figure: halfLoadName(MAIN_CONNECTIONS, 16), atMost: 2 },
  { figure: oneNodeName("wrk"), ratioTo: HTTP_FLOOR, atLeast: 0.92 },
  { figure: oneNodeName("oha"), ratioTo: HTTP_FLOOR, atLeast: 0.92 },
  { figure: clusterName("wrk"), subject: RANDOM_NODE, ratioTo: LOCAL_NODE, atLeast: 0.6 },
  { figure: clusterName("oha"), subject: RANDOM_NODE, ratioTo: LOCAL_NODE, atLeast: 0.6 },
  { figure: forwardName(1), ratioTo: HAPROXY, atLeast: 1.4 },
  { figure: forwardName(16), ratioTo: HAPROXY, atLeast: 1.4 },
  { figure: tlsName(1), ratioTo: WITHOUT_TLS, atLeast: 0.6 },
  { figure: tlsName(16), ratioTo: WITHOUT_TLS, atLeast: 0.8 },
  { figure: proxiedName(1), ratioTo: HAPROXY_IN_FRONT, atLeast: 1.2 },
  { figure: proxiedName(16), ratioTo: HAPROXY_IN_FRONT, atLeast: 1.2 },
  { figure: sdkName("Bun", 1_024), ratioTo: IOREDIS_PIPELINED, atLeast: 4 },
  { figure: sdkName("Node", 1_024), ratioTo: IOREDIS_PIPELINED, atLeast: 4 },
  { figure: redisName("INCR", 1), ratioTo: REDIS_SERVER, atLeast: 1 },
  { figure: redisName("INCR", 16), ratioTo: REDIS_SERVER, atLeast: 1.15 },
  { figure: redisName("INCR", 128), ratioTo: REDIS_SERVER, atLeast: 1.8 },
  { figure: redisName("INCR", 512), atLeast: 4_050_000 },
  { figure: redisName("GET", 1), ratioTo: REDIS_SERVER, atLeast: 1 },
  { figure: redisName("GET", 16), ratioTo: REDIS_SERVER, atLeast: 1.15 },
  { figure: redisName("GET", 128), ratioTo: REDIS_SERVER, atLeast: 1.8 },
  { figure: redisName("GET", 512), atLeast: 4_050_000 },
  { figure: GENERATOR_NAME, atMost: 15 },
]

/** What came of each target; those whose figure was not measured are left out. */
export function judge(
  { figures }: Pick<Results, "figures">,
  targets: readonly Target[] = TARGETS,
): Verdict[] {
  return targets.flatMap((target) => {
    const figure = figures.find(({ name }) => name === target.figure)
    const measured = figure && measuredOf(figure, target)
    if (figure === undefined || measured === undefined) return []
    const { atLeast = -Infinity, atMost = Infinity } = target
    const met = measured.median >= atLeast && measured.median <= atMost
    return { target, measured, unit: figure.unit, met }
  })
}

function measuredOf(figure: Figure, { subject = FIRN, ratioTo }: Target): Spread | undefined {
  const series = seriesOf(figure, subject)
  if (series === undefined) return undefined
  if (ratioTo === undefined) return spreadOf(valuesOf(series))
  const other = seriesOf(figure, ratioTo)
  return other && ratioSpread(series, other)
}

export function verdictLine({ target, measured, unit, met }: Verdict): string {
  const { figure, ratioTo, atLeast, atMost } = target
  const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  const { median, min, max } = measured
  const range = `${shortNumber(median)} ${unit} (${shortNumber(min)}-${shortNumber(max)})`
  const got = ratioTo === undefined ? range : `${ratioText(measured)} of ${ratioTo}`
  return `${met ? "met   " : "missed"}  ${figure}: ${got}, ${wanted} wanted`
}
