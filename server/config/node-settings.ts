import { NODE_ID_MAX } from "../../protocol/index.ts"
import { LOG_LEVELS } from "../log.ts"
import { parseSharedAddress } from "../net/address.ts"
import type { ListenAddress, SharedAddress } from "../net/address.ts"
import { CLOCK_LEAD_LIMIT_MS } from "../peers/answer-check.ts"
import { parsePeers } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { addressOrOff, bindAddress, choice, fileMode, parseEpoch, wholeNumber } from "./parsers.ts"

/** The options about one node. */
export const NODE_SETTINGS = [
  {
    flag: "--node-id <N>",
    commands: ["start"],
    parse: (text: string): number => wholeNumber(text, 0, NODE_ID_MAX),
    unset: "what is stored",
    help: "this node's id, 0 to 1023; needed for the first start, never changes",
  },
  {
    flag: "--data-dir <DIR>",
    commands: ["start"],
    unset: "`./data/node-<node id>`",
    help: "where `node.sqlite` is kept: node id, epoch and mark",
  },
  {
    flag: "--tcp <HOST:PORT|unix:PATH>",
    commands: ["start"],
    parse: (text: string): ListenAddress => bindAddress(text),
    default: "127.0.0.1:6454",
    help: "where to listen for frames, text lines and Redis's protocol; port 0 takes a free one and logs it",
  },
  {
    flag: "--http <HOST:PORT|unix:PATH|off>",
    commands: ["start"],
    parse: (text: string): ListenAddress | "off" => addressOrOff(text),
    default: "127.0.0.1:5454",
    help: "where to listen for HTTP",
  },
  {
    flag: "--shared-tcp <HOST:PORT>",
    commands: ["start"],
    parse: (text: string): SharedAddress => parseSharedAddress(text),
    unset: "none",
    help: "listens there as well, where other nodes of this machine do too: the system spreads the clients",
  },
  {
    flag: "--shared-http <HOST:PORT>",
    commands: ["start"],
    parse: (text: string): SharedAddress => parseSharedAddress(text),
    unset: "none",
    help: "the same for HTTP",
  },
  {
    flag: "--socket-mode <OCTAL>",
    commands: ["start"],
    parse: (text: string): string => fileMode(text),
    default: "600",
    help: "who may connect to a unix socket, as for chmod: 660 lets its group",
  },
  {
    flag: "--tls-cert <FILE>",
    commands: ["start", "cluster"],
    unset: "no TLS",
    help: "the certificate for TCP and HTTP and those between it and its authority, PEM; read again on SIGHUP",
  },
  {
    flag: "--tls-key <FILE>",
    commands: ["start", "cluster"],
    unset: "no TLS",
    help: "the key of the certificate, PEM",
  },
  {
    flag: "--tls-client-ca <FILE>",
    commands: ["start", "cluster"],
    unset: "clients need no certificate",
    help: "whoever connects needs a certificate of one of these authorities, other nodes too",
  },
  {
    flag: "--peer-ca <FILE>",
    commands: ["start", "cluster"],
    unset: "links to other nodes are without TLS",
    help: "other nodes need a certificate of one of these authorities, for the name or address they are listed by",
  },
  {
    flag: "--handshake-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 100, 60_000),
    default: "5000",
    help: "how long a client may take for the handshake of TLS, 100 to 60000",
  },
  {
    flag: "--peers <LIST>",
    commands: ["start"],
    parse: (text: string): readonly PeerEntry[] => parsePeers(text),
    help: "all nodes of the cluster: `0@HOST:PORT,1@HOST:PORT,…`",
  },
  {
    flag: "--peers-file <FILE>",
    commands: ["start"],
    conflicts: "peers",
    help: "the same, one a line; read again on SIGHUP",
  },
  {
    flag: "--links-per-peer <N>",
    commands: ["start"],
    parse: (text: string): number => wholeNumber(text, 1, 64),
    default: "1",
    help: "connections to each other node, 1 to 64",
  },
  {
    flag: "--forward-timeout <MS>",
    commands: ["start"],
    parse: (text: string): number => wholeNumber(text, 20, 60_000),
    default: "1000",
    help: "how long a request may take that other nodes are asked for, 20 to 60000",
  },
  {
    flag: "--epoch <ISO|MS>",
    commands: ["start", "cluster", "seed", "decode"],
    parse: (text: string): number => parseEpoch(text),
    write: (epochMs: number): string => new Date(epochMs).toISOString(),
    unset: "2026-01-01 where none is stored",
    help: "the time that ids count from, as a UTC date or Unix milliseconds; chosen at a node's first start, never changes",
  },
  {
    flag: "--max-clock-lead <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 0, CLOCK_LEAD_LIMIT_MS),
    default: "10000",
    help: "how far ids may be ahead of the wall clock; one that leaps further waits to be confirmed",
  },
  {
    flag: "--max-clock-lag <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 0, 3_600_000),
    default: "1000",
    help: "how far ids may be behind the wall clock while a later mark is being stored",
  },
  {
    flag: "--wait-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 1, 60_000),
    default: "1000",
    help: "how long a request may wait for ids before it is refused as `OVERLOADED`, 1 to 60000",
  },
  {
    flag: "--max-connections <N>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 1, 1_000_000),
    default: "10000",
    help: "how many clients may be connected over TCP, 1 to 1000000",
  },
  {
    flag: "--read-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 1_000, 3_600_000),
    default: "30000",
    help: "how long a client may take for its first byte, and for the rest of a request that it has begun, 1000 to 3600000",
  },
  {
    flag: "--write-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 1_000, 3_600_000),
    default: "10000",
    help: "how long a client may read none of its answers before it is cut off, 1000 to 3600000",
  },
  {
    flag: "--idle-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 0, 86_400_000),
    default: "0",
    help: "how long a client may send no request, 0 to 86400000; 0 is as long as it likes",
  },
  {
    flag: "--tcp-keepalive <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 3_000, 3_600_000),
    default: "60000",
    help: "how long the network may be silent before a client counts as lost, 3000 to 3600000",
  },
  {
    flag: "--drain-delay <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 0, 300_000),
    unset: "3000 with peers, 0 without them or on a terminal",
    help: "how long a node that is told to stop serves on, not ready, until others have noticed; half of the drain timeout at most",
  },
  {
    flag: "--drain-timeout <MS>",
    commands: ["start", "cluster"],
    parse: (text: string): number => wholeNumber(text, 1_000, 600_000),
    default: "10000",
    help: "how long a stop may take in all before connections are cut, 1000 to 600000",
  },
  {
    flag: "--log-level <LEVEL>",
    commands: ["start", "cluster"],
    parse: (text: string): string => choice(text, LOG_LEVELS),
    default: "info",
    help: "what to log: trace, debug, info, warn, error, fatal or silent; debug tells of each client and each mark, trace of each check of a peer",
  },
] as const
