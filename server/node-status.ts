import { version } from "../package.json"
import { SIGNED_TIME_LIMIT } from "../protocol/index.ts"
import type { Generator } from "./generator/generator.ts"
import { TIME_LIMIT } from "./generator/reservation.ts"
import { integer, list, nullable, number, record, string } from "./json-shape.ts"
import type { Shape } from "./json-shape.ts"
import { addressText } from "./net/address.ts"
import type { ListenAddress } from "./net/address.ts"
import { READY } from "./readiness.ts"
import type { Readiness } from "./readiness.ts"

const YEAR_MS = 365.2425 * 86_400_000

/** Another node of the cluster, as the node that is asked sees it. */
export interface PeerStatus {
  readonly node: number
  /** HOST:PORT */
  readonly address: string
  /** One of `PeerState`, or one that a later version has added. */
  readonly state: string
  /** Why it is not up; "" when it is. */
  readonly reason: string
  /** Its wall clock less ours; null until it was asked. */
  readonly skewMs: number | null
  readonly roundTripMs: number | null
}

/** The JSON of `GET /nodes`: a node, and what it sees of the others. */
export interface NodeStatus {
  readonly node: number
  /** Of the server. */
  readonly version: string
  /** HOST:PORT, or unix:PATH */
  readonly tcp: string
  /** The same; null when it speaks no HTTP. */
  readonly http: string | null
  /** ISO 8601, UTC */
  readonly epoch: string
  /** Unix milliseconds */
  readonly epochMs: number
  /** Until the time field of the format is used up. */
  readonly yearsLeft: number
  /** ISO 8601, UTC: up to when ids fit into a signed 64-bit number, and up to when there are any. */
  readonly signedUntil: string
  readonly until: string
  /** The wall clock, believed or not, Unix milliseconds. */
  readonly wallMs: number
  /** How far ids are ahead of the wall clock. */
  readonly clockLeadMs: number
  /** What of the wall clock is not believed, or null. */
  readonly clockDoubt: string | null
  /** Why no ids are given out, or null. */
  readonly unready: string | null
  /** How often another process with this node's id has been found. */
  readonly duplicatesFound: number
  /** ISO 8601, UTC; null without TLS. */
  readonly certificateEnds: string | null
  readonly peers: readonly PeerStatus[]
}

const PEER_STATUS: Shape<PeerStatus> = record<PeerStatus>("another node of the cluster", {
  node: integer("its node id"),
  address: string("where it listens for TCP, HOST:PORT"),
  state: string("unused, connecting, up, ejected, leaving, down or misconfigured"),
  reason: string('why it is not up; "" when it is'),
  skewMs: nullable(number("its wall clock less that of the node asked; null until it was asked")),
  roundTripMs: nullable(number("how long its last check took; null until it was asked")),
})

export const NODE_STATUS: Shape<NodeStatus> = record<NodeStatus>(
  "the node, and what it sees of the others",
  {
    node: integer("its node id"),
    version: string("of the server"),
    tcp: string("where it listens for TCP: HOST:PORT or unix:PATH"),
    http: nullable(string("where it listens for HTTP; null when it does not")),
    epoch: string("what ids count from, as a UTC date"),
    epochMs: integer("the same in Unix milliseconds"),
    yearsLeft: number("until the time field of the format is used up"),
    signedUntil: string("up to when ids are positive as signed 64-bit numbers, as a UTC date"),
    until: string("up to when there are ids, as a UTC date"),
    wallMs: integer("its wall clock in Unix milliseconds"),
    clockLeadMs: integer("how far ids are ahead of the wall clock"),
    clockDoubt: nullable(string("what of its wall clock is not believed; null when all is")),
    unready: nullable(string("why no ids are given out; null when they are")),
    duplicatesFound: integer("how often another process with this node's id has been found"),
    certificateEnds: nullable(
      string("when its TLS certificate ends, as a UTC date; null without TLS"),
    ),
    peers: list(PEER_STATUS),
  },
)

/** @throws InputError that names the first thing that is missing or of another type */
export function parseNodeStatus(json: unknown): NodeStatus {
  return NODE_STATUS.read(json, "")
}

/** The parts of a node that its status tells of. */
export interface StatusSources {
  readonly ports: {
    readonly tcpAddress: ListenAddress
    readonly httpAddress: ListenAddress | undefined
  }
  readonly identity: { readonly nodeId: number; readonly epochMs: number }
  readonly generator: Pick<Generator, "begin" | "wallMs" | "leadMs">
  readonly membership: {
    readonly duplicatesFound: number
    describe(): readonly PeerStatus[]
  }
  /** `doubt`: what of the wall clock is not believed. */
  readonly clockWatch: { readonly doubt: string | undefined }
  readonly readiness: Readiness
  /** undefined: it listens without TLS. */
  readonly certificate?: { readonly endsAtMs: number } | undefined
}

/** Reads the clock. */
export function statusOf({
  ports: { tcpAddress, httpAddress },
  identity: { nodeId, epochMs },
  generator,
  membership,
  clockWatch,
  readiness,
  certificate,
}: StatusSources): NodeStatus {
  generator.begin()
  const yearsLeft = (epochMs + TIME_LIMIT - generator.wallMs) / YEAR_MS
  return {
    node: nodeId,
    version,
    tcp: addressText(tcpAddress),
    http: httpAddress === undefined ? null : addressText(httpAddress),
    epoch: new Date(epochMs).toISOString(),
    epochMs,
    yearsLeft: Math.round(yearsLeft * 10) / 10,
    signedUntil: new Date(epochMs + SIGNED_TIME_LIMIT).toISOString(),
    until: new Date(epochMs + TIME_LIMIT).toISOString(),
    wallMs: generator.wallMs,
    clockLeadMs: generator.leadMs,
    clockDoubt: clockWatch.doubt ?? null,
    unready: readiness === READY ? null : readiness.reason,
    duplicatesFound: membership.duplicatesFound,
    certificateEnds:
      certificate === undefined ? null : new Date(certificate.endsAtMs).toISOString(),
    peers: membership.describe(),
  }
}
