import type { ListenAddress } from "../net/address.ts"
import { COUNT_MAX } from "../../protocol/index.ts"
import type { Target } from "../../protocol/index.ts"
import { benchProtocol, possibleTarget, serverList, wholeNumber, yesOrNo } from "./parsers.ts"
import type { BenchProtocol } from "./parsers.ts"

/** The options of the commands that ask a running node. */
export const CLIENT_SETTINGS = [
  {
    flag: "--server <HOST:PORT|unix:PATH>",
    commands: ["id", "status", "bench"],
    parse: (text: string): readonly ListenAddress[] => serverList(text),
    repeats: true,
    default: "127.0.0.1:6454",
    help: "where a node listens, for TCP or for HTTP; several with commas, or the option again",
  },
  {
    flag: "--target <random|ID|key:TEXT>",
    commands: ["id", "bench"],
    parse: (text: string): Target => possibleTarget(text),
    unset: "the node that is asked",
    help: "a random node, a named one, or the owner of a key",
  },
  {
    flag: "--count <N>",
    commands: ["id"],
    parse: (text: string): number => wholeNumber(text, 1, 1_000_000),
    default: "1",
    help: "how many ids",
  },
  {
    flag: "--watch",
    commands: ["status"],
    parse: (text: string): boolean => yesOrNo(text),
    default: "no",
    preset: "yes",
    help: "shows it again every two seconds, until Ctrl-C",
  },
  {
    flag: "--protocol <frames|redis|http>",
    commands: ["bench"],
    parse: (text: string): BenchProtocol => benchProtocol(text),
    default: "frames",
    help: "how ids are asked for: by frames of the TCP protocol, as Redis's clients do, or over HTTP",
  },
  {
    flag: "--connections <N>",
    commands: ["bench"],
    parse: (text: string): number => wholeNumber(text, 1, 100_000),
    default: "50",
    help: "how many connections, 1 to 100000, spread over the servers",
  },
  {
    flag: "--depth <N>",
    commands: ["bench"],
    parse: (text: string): number => wholeNumber(text, 1, 65_536),
    default: "1",
    help: "how many requests a connection has in flight, 1 to 65536",
  },
  {
    flag: "--seconds <N>",
    commands: ["bench"],
    parse: (text: string): number => wholeNumber(text, 1, 86_400),
    default: "10",
    help: "how long it measures, 1 to 86400",
  },
  {
    flag: "--rate <N>",
    commands: ["bench"],
    parse: (text: string): number => wholeNumber(text, 1, 10_000_000),
    unset: "as many as are answered",
    help: "how many requests a second are due, 1 to 10000000; a latency then counts from when its request was due",
  },
  {
    flag: "--count <N>",
    commands: ["bench"],
    parse: (text: string): number => wholeNumber(text, 1, COUNT_MAX),
    default: "1",
    help: "how many ids a request asks for, 1 to 4096",
  },
  {
    flag: "--timeout <MS>",
    commands: ["id", "status", "bench", "doctor"],
    parse: (text: string): number => wholeNumber(text, 10, 600_000),
    default: "5000",
    help: "how long a node may take to answer, 10 to 600000",
  },
  {
    flag: "--json",
    commands: ["id", "status", "bench", "doctor", "decode"],
    parse: (text: string): boolean => yesOrNo(text),
    default: "no",
    preset: "yes",
    help: "prints JSON, one value a line",
  },
  {
    flag: "--tls-ca <FILE|system>",
    commands: ["id", "status", "bench"],
    unset: "no TLS",
    help: "speak TLS, and trust the authorities in this file, PEM, or those of the system",
  },
  {
    flag: "--tls-cert <FILE>",
    commands: ["id", "status", "bench"],
    unset: "none",
    help: "a certificate for a node that wants one of its clients, PEM",
  },
  {
    flag: "--tls-key <FILE>",
    commands: ["id", "status", "bench"],
    unset: "none",
    help: "the key of that certificate, PEM",
  },
] as const
