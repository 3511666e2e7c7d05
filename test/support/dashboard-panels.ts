/*
 * What the dashboard of Grafana shows.
 */

/** Which series: those of the nodes that are chosen. */
const CHOSEN = '{job="$job",instance=~"$instance"}'

export interface Shown {
  readonly title: string
  /** Below the title when it is pointed at. */
  readonly about: string
  /** As Grafana has units: `short`, `s`, `bytes`, `percentunit`, `none` … */
  readonly unit: string
  /** PromQL by what its series are called. `CHOSEN` stands behind each metric. */
  readonly queries: Readonly<Record<string, string>>
}

interface Row {
  readonly title: string
  readonly panels: readonly Shown[]
}

export const STATS: readonly Shown[] = [
  {
    title: "Nodes that give out ids",
    about: "Of those that are scraped",
    unit: "none",
    queries: { ready: `sum(firn_ready${CHOSEN})` },
  },
  {
    title: "Nodes that are scraped",
    about: "By Prometheus, alive or not",
    unit: "none",
    queries: { nodes: `count(up${CHOSEN})` },
  },
  {
    title: "Ids a second",
    about: "A node gives 4,096,000 at most",
    unit: "short",
    queries: { ids: `sum(rate(firn_ids_issued_total${CHOSEN}[$__rate_interval]))` },
  },
  {
    title: "Duplicate node ids",
    about: "Any is one too many: the runbook has FirnDuplicateNodeId",
    unit: "none",
    queries: { found: `sum(firn_duplicate_node_ids_total${CHOSEN})` },
  },
  {
    title: "Until signed ids end",
    about: "Then ids need an unsigned 64-bit type",
    unit: "s",
    queries: { left: `min(firn_id_space_signed_end_timestamp_seconds${CHOSEN}) - time()` },
  },
  {
    title: "Until a certificate ends",
    about: "The first that ends; nothing without TLS",
    unit: "s",
    queries: { left: `min(firn_tls_certificate_expiry_timestamp_seconds${CHOSEN}) - time()` },
  },
]

function p99(metric: string): string {
  const rate = `rate(${metric}_bucket${CHOSEN}[$__rate_interval])`
  return `histogram_quantile(0.99, sum by (instance, le) (${rate}))`
}

function perSecond(metric: string, ...labels: readonly string[]): string {
  return `sum by (${labels.join(", ")}) (rate(${metric}${CHOSEN}[$__rate_interval]))`
}

export const ROWS: readonly Row[] = [
  {
    title: "Ids and requests",
    panels: [
      {
        title: "Ids a second",
        about: "By node",
        unit: "short",
        queries: { "{{instance}}": perSecond("firn_ids_issued_total", "instance") },
      },
      {
        title: "Requests a second by status",
        about: "A block of ids is one request",
        unit: "reqps",
        queries: { "{{status}}": perSecond("firn_requests_total", "status") },
      },
      {
        title: "Requests a second by dialect and op",
        about: "What is spoken, and what is asked for",
        unit: "reqps",
        queries: { "{{dialect}} {{op}}": perSecond("firn_requests_total", "dialect", "op") },
      },
      {
        title: "Requests that waited for ids, a second",
        about: "Steadily above 0: the node is at the limit of the format",
        unit: "reqps",
        queries: { "{{instance}}": perSecond("firn_generator_waits_total", "instance") },
      },
    ],
  },
  {
    title: "Clients",
    panels: [
      {
        title: "Connections",
        about: "By what they speak",
        unit: "none",
        queries: { "{{dialect}}": `sum by (dialect) (firn_connections${CHOSEN})` },
      },
      {
        title: "Share of the connections there may be",
        about: "--max-connections, or what open files allow",
        unit: "percentunit",
        queries: {
          "{{instance}}": `sum by (instance) (firn_connections${CHOSEN}) / on (instance) firn_connections_max${CHOSEN}`,
        },
      },
      {
        title: "Connections a second",
        about: "Accepted, refused, and without a handshake of TLS",
        unit: "cps",
        queries: {
          accepted: perSecond("firn_connections_accepted_total", "job"),
          refused: perSecond("firn_connections_refused_total", "job"),
          "no handshake": perSecond("firn_tls_handshakes_failed_total", "job"),
        },
      },
      {
        title: "Connections closed a second, by reason",
        about: "ended: by the client",
        unit: "cps",
        queries: { "{{reason}}": perSecond("firn_connections_closed_total", "reason") },
      },
    ],
  },
  {
    title: "Clock and mark",
    panels: [
      {
        title: "Ids ahead of the clock",
        about: "Up to 10 ms is normal; CLOCK_BEHIND from 10 s on",
        unit: "s",
        queries: { "{{instance}}": `firn_clock_lead_seconds${CHOSEN}` },
      },
      {
        title: "Steps back of the clock, a minute",
        about: "NTP should slew",
        unit: "none",
        queries: {
          "{{instance}}": `60 * ${perSecond("firn_clock_steps_back_total", "instance")}`,
        },
      },
      {
        title: "Mark ahead of the ids",
        about: "2 to 3 s is normal; at 0 there are no ids",
        unit: "s",
        queries: { "{{instance}}": `firn_mark_headroom_seconds${CHOSEN}` },
      },
      {
        title: "Writes of the mark",
        about: "The slowest of a hundred, and those that failed a minute",
        unit: "s",
        queries: {
          "p99 {{instance}}": p99("firn_mark_store_duration_seconds"),
          "failed {{instance}}": `60 * ${perSecond("firn_mark_store_failures_total", "instance")}`,
        },
      },
    ],
  },
  {
    title: "Other nodes",
    panels: [
      {
        title: "Other nodes by state",
        about: "As each node sees them, added up",
        unit: "none",
        queries: { "{{state}}": `sum by (state) (firn_peers${CHOSEN})` },
      },
      {
        title: "Nodes that are not up, or ejected, by who sees it",
        about: "0 everywhere is well",
        unit: "none",
        queries: {
          "{{instance}} to {{peer}}": `1 - firn_peer_up${CHOSEN}`,
          "ejected {{instance}} to {{peer}}": `firn_peer_ejected${CHOSEN}`,
        },
      },
      {
        title: "Requests forwarded a second, by what came of it",
        about: "And how often the next node was asked",
        unit: "reqps",
        queries: {
          "{{status}}": perSecond("firn_forwarded_requests_total", "status"),
          failovers: perSecond("firn_failovers_total", "job"),
        },
      },
      {
        title: "How long other nodes take, and how far their clocks are off",
        about: "The slowest of a hundred; the clock that is furthest off",
        unit: "s",
        queries: {
          "p99 {{instance}}": p99("firn_forward_duration_seconds"),
          "clock {{instance}}": `max by (instance) (abs(firn_peer_clock_offset_seconds${CHOSEN}))`,
        },
      },
    ],
  },
  {
    title: "Process",
    panels: [
      {
        title: "CPU",
        about: "1 is a core, and the most that a node uses for ids",
        unit: "none",
        queries: { "{{instance}}": perSecond("process_cpu_seconds_total", "instance") },
      },
      {
        title: "Late turns of the event loop",
        about: "The slowest of a hundred",
        unit: "s",
        queries: { "{{instance}}": p99("firn_event_loop_lag_seconds") },
      },
      {
        title: "Resident memory",
        about: "Some 75 MB, and 2 KB for a connection",
        unit: "bytes",
        queries: { "{{instance}}": `process_resident_memory_bytes${CHOSEN}` },
      },
      {
        title: "Open files",
        about: "Of those that there may be",
        unit: "percentunit",
        queries: { "{{instance}}": `process_open_fds${CHOSEN} / process_max_fds${CHOSEN}` },
      },
    ],
  },
]
