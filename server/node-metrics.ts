import { version } from "../package.json"
import { SIGNED_TIME_LIMIT, STATUSES } from "../protocol/index.ts"
import { TIME_LIMIT } from "./generator/reservation.ts"
import type { FairQueue } from "./generator/fair-queue.ts"
import type { Membership } from "./peers/membership.ts"
import type { Histogram } from "./metrics/histogram.ts"
import type { Metric, Sample } from "./metrics/metric.ts"
import type { NodeIds } from "./node-ids.ts"
import { PeerState } from "./peers/peer.ts"
import type { Peer } from "./peers/peer.ts"
import { READY } from "./readiness.ts"
import type { Readiness } from "./readiness.ts"
import type { ForwardCounts } from "./routing/forward-counts.ts"
import type { ConnectionCounts } from "./transport/connection-counts.ts"
import { DIALECT_NAMES } from "./transport/dialect-kind.ts"
import type { RequestCounts } from "./transport/request-counts.ts"

/**
 * So many other nodes have series of their own, those that were asked first: more would be thousands of series
 * in a large cluster, at each of its nodes.
 */
const PEERS_MAX = 64

/** The parts of a node that its metrics are read from. */
export interface NodeMetricSources {
  readonly identity: { readonly nodeId: number; readonly epochMs: number }
  readonly ids: NodeIds
  readonly fairQueue: Pick<FairQueue, "waits">
  readonly membership: Pick<Membership, "duplicatesFound" | "peers">
  readonly answerSeconds: Histogram
  readonly forwardCounts: ForwardCounts
  readonly requestCounts: RequestCounts
  readonly connectionCounts: ConnectionCounts
  readonly maxConnections: number
  /** undefined: it listens without TLS. */
  readonly certificate?: { readonly endsAtMs: number } | undefined
  readonly readiness: () => Readiness
}

/** The metrics of a node, in the order in which they are shown. `firn_ready` reads the clock for all. */
export const NODE_METRICS: readonly Metric<NodeMetricSources>[] = [
  {
    name: "firn_build_info",
    type: "gauge",
    labels: ["version", "node"],
    help: "The version of the server and the id of the node; always 1",
    advice: "which nodes run which version",
    read: ({ identity }) => [{ labels: { version, node: `${identity.nodeId}` }, value: 1 }],
  },
  {
    name: "firn_ready",
    type: "gauge",
    help: "Whether the node gives out ids, 1 or 0",
    advice: "0: `/readyz` says why",
    read: ({ readiness }) => (readiness() === READY ? 1 : 0),
  },
  {
    name: "firn_ids_issued_total",
    type: "counter",
    help: "Ids that the node has given out",
    advice: "4,096,000 a second are the limit of the format",
    read: ({ ids }) => ids.generator.issued,
  },
  {
    name: "firn_requests_total",
    type: "counter",
    labels: ["dialect", "op", "status"],
    help: "Requests that were answered; a block of ids is one, op OTHER is what is for no op or is malformed",
    advice: "statuses other than OK: [what each means](../protocol/README.md#response)",
    read: ({ requestCounts }) =>
      requestCounts.list().map(({ count, ...labels }) => ({ labels, value: count })),
  },
  {
    name: "firn_connections",
    type: "gauge",
    labels: ["dialect"],
    help: "Connections of clients and of other nodes that speak a dialect now",
    advice: "compare their sum with `firn_connections_max`",
    read: ({ requestCounts }) =>
      [...requestCounts.connections].map((value, kind) => {
        return { labels: { dialect: DIALECT_NAMES[kind]! }, value }
      }),
  },
  {
    name: "firn_connections_max",
    type: "gauge",
    help: "Connections of clients that the node serves at most",
    advice: "`--max-connections`, or less where open files are few",
    read: ({ maxConnections }) => maxConnections,
  },
  {
    name: "firn_connections_accepted_total",
    type: "counter",
    help: "Connections that were served",
    advice: "many a second: clients that do not keep their connections",
    read: ({ connectionCounts }) => connectionCounts.accepted,
  },
  {
    name: "firn_connections_closed_total",
    type: "counter",
    labels: ["reason"],
    help: "Connections that have ended; reason ended is by the client, at the end of its requests or by a stop",
    advice: "other reasons: [limits](#limits)",
    read: ({ connectionCounts: { closed, ended } }) => [
      { labels: { reason: "ended" }, value: ended },
      ...Object.entries(closed).map(([reason, value]) => ({ labels: { reason }, value })),
    ],
  },
  {
    name: "firn_connections_refused_total",
    type: "counter",
    help: "Clients that were one too many: answered OVERLOADED, or closed at once",
    advice: "more nodes, `--max-connections`, `ulimit -n`",
    read: ({ connectionCounts: { refused, turnedAway } }) => refused + turnedAway,
  },
  {
    name: "firn_tls_handshakes_failed_total",
    type: "counter",
    help: "Clients that did not get through the handshake of TLS",
    advice: "the log has the reason: `handshakes-failed`",
    read: ({ connectionCounts }) => connectionCounts.handshakesFailed,
  },
  {
    name: "firn_generator_waits_total",
    type: "counter",
    help: "How often a request had to wait for ids",
    advice: "it grows steadily: the node is at the limit of the format, so use more nodes",
    read: ({ fairQueue }) => fairQueue.waits,
  },
  {
    name: "firn_clock_lead_seconds",
    type: "gauge",
    help: "How far the time of ids is ahead of the wall clock",
    advice: "up to 0.01 is normal; more: the clock was set back",
    read: ({ ids }) => ids.generator.leadMs / 1_000,
  },
  {
    name: "firn_clock_steps_back_total",
    type: "counter",
    help: "How often the wall clock was seen to step back",
    advice: "see to NTP: it should slew",
    read: ({ ids }) => ids.clock.stepsBack,
  },
  {
    name: "firn_mark_headroom_seconds",
    type: "gauge",
    help: "How long ids could go on if no later mark were stored",
    advice: "2 to 3 is normal; falling: the disk",
    read: ({ ids }) => ids.generator.headroomMs / 1_000,
  },
  {
    name: "firn_mark_store_duration_seconds",
    type: "histogram",
    help: "How long it took to store a mark",
    advice: "above 1 s a write counts as failing",
    read: ({ ids }) => ids.marks.seconds,
  },
  {
    name: "firn_mark_store_failures_total",
    type: "counter",
    help: "Marks that could not be stored",
    advice: "the log has the reason: `mark-not-stored`",
    read: ({ ids }) => ids.marks.failures,
  },
  {
    name: "firn_peers",
    type: "gauge",
    labels: ["state"],
    help: "Other nodes of the cluster by their state",
    advice: "[what each state means](../README.md#a-cluster)",
    read: ({ membership: { peers } }) => {
      const states = peers.peers.map(({ state }) => state)
      return Object.values(PeerState).map((state) => {
        return { labels: { state }, value: states.filter((one) => one === state).length }
      })
    },
  },
  {
    name: "firn_peer_up",
    type: "gauge",
    labels: ["peer"],
    help: "Whether another node passes its checks, 1 or 0; of the first 64 that were used",
    advice: "0: `firn status` says why",
    read: (sources) => ofPeers(sources, ({ state }) => (isUp(state) ? 1 : 0)),
  },
  {
    name: "firn_peer_ejected",
    type: "gauge",
    labels: ["peer"],
    help: "Whether another node is left out of random choice and keys since it is too slow, 1 or 0",
    advice: "see to that node",
    read: (sources) => ofPeers(sources, ({ state }) => (state === PeerState.EJECTED ? 1 : 0)),
  },
  {
    name: "firn_peer_clock_offset_seconds",
    type: "gauge",
    labels: ["peer"],
    help: "The wall clock of another node less that of this one",
    advice: "above 1 s off: see to NTP at both",
    read: (sources) => ofPeers(sources, ({ skewMs }) => skewMs && skewMs / 1_000),
  },
  {
    name: "firn_forwarded_requests_total",
    type: "counter",
    labels: ["peer", "status"],
    help: "Requests that another node was asked for, by what came of it; peer other is all above the first 64",
    advice: "statuses other than OK: see to that node",
    read: forwarded,
  },
  {
    name: "firn_forward_duration_seconds",
    type: "histogram",
    help: "How long other nodes took to answer, of one request at a time on each link",
    advice: "compare it with `--forward-timeout`",
    read: ({ answerSeconds }) => answerSeconds,
  },
  {
    name: "firn_failovers_total",
    type: "counter",
    help: "How often the next node was asked, or this one answered, since the one asked first gave no ids",
    advice: "which node: `firn_forwarded_requests_total`",
    read: ({ forwardCounts }) => forwardCounts.failovers,
  },
  {
    name: "firn_duplicate_node_ids_total",
    type: "counter",
    help: "How often another process with the id of this node was found",
    advice: "stop one of the two at once",
    read: ({ membership }) => membership.duplicatesFound,
  },
  {
    name: "firn_id_space_signed_end_timestamp_seconds",
    type: "gauge",
    help: "When ids stop to fit into a signed 64-bit integer, as Unix time",
    advice: "use an unsigned type before",
    read: ({ identity }) => (identity.epochMs + SIGNED_TIME_LIMIT) / 1_000,
  },
  {
    name: "firn_id_space_end_timestamp_seconds",
    type: "gauge",
    help: "When the time field of ids is used up, as Unix time",
    advice: "a cluster with a later epoch",
    read: ({ identity }) => (identity.epochMs + TIME_LIMIT) / 1_000,
  },
  {
    name: "firn_tls_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "When the certificate of the node ends, as Unix time",
    advice: "a new one, and SIGHUP",
    read: ({ certificate }) => certificate && certificate.endsAtMs / 1_000,
  },
]

function isUp(state: PeerState): boolean {
  return state === PeerState.UP || state === PeerState.EJECTED || state === PeerState.LEAVING
}

/** @param read undefined: it is not known of that peer */
function ofPeers(
  { membership, forwardCounts }: NodeMetricSources,
  read: (peer: Peer) => number | undefined,
): Sample[] {
  const shown = new Set(forwardCounts.asked.slice(0, PEERS_MAX))
  return membership.peers.peers.flatMap((peer) => {
    const value = shown.has(peer.nodeId) ? read(peer) : undefined
    return value === undefined ? [] : [{ labels: { peer: `${peer.nodeId}` }, value }]
  })
}

function forwarded({ forwardCounts }: NodeMetricSources): Sample[] {
  const shown = new Set(forwardCounts.asked.slice(0, PEERS_MAX))
  const samples: Sample[] = []
  const others = new Map<string, number>()
  for (const { nodeId, status, count } of forwardCounts.list()) {
    const name = STATUSES[status]?.name ?? "UNKNOWN"
    if (!shown.has(nodeId)) others.set(name, (others.get(name) ?? 0) + count)
    else samples.push({ labels: { peer: `${nodeId}`, status: name }, value: count })
  }
  for (const [status, value] of others) samples.push({ labels: { peer: "other", status }, value })
  return samples
}
