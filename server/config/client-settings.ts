import type { ListenAddress } from "../net/address.ts"
import type { Target } from "../../protocol/index.ts"
import { possibleTarget, serverList, wholeNumber, yesOrNo } from "./parsers.ts"

/** The options of the commands that ask a running node. */
export const CLIENT_SETTINGS = [
  {
    flag: "--server <HOST:PORT|unix:PATH>",
    commands: ["id", "status"],
    parse: (text: string): readonly ListenAddress[] => serverList(text),
    repeats: true,
    default: "127.0.0.1:6454",
    help: "where a node listens, for TCP or for HTTP; several with commas, or the option again",
  },
  {
    flag: "--target <random|ID|key:TEXT>",
    commands: ["id"],
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
    flag: "--timeout <MS>",
    commands: ["id", "status"],
    parse: (text: string): number => wholeNumber(text, 10, 600_000),
    default: "5000",
    help: "how long a node may take to answer, 10 to 600000",
  },
  {
    flag: "--json",
    commands: ["id", "status", "decode"],
    parse: (text: string): boolean => yesOrNo(text),
    default: "no",
    preset: "yes",
    help: "prints JSON, one value a line",
  },
  {
    flag: "--tls-ca <FILE|system>",
    commands: ["id", "status"],
    unset: "no TLS",
    help: "speak TLS, and trust the authorities in this file, PEM, or those of the system",
  },
  {
    flag: "--tls-cert <FILE>",
    commands: ["id", "status"],
    unset: "none",
    help: "a certificate for a node that wants one of its clients, PEM",
  },
  {
    flag: "--tls-key <FILE>",
    commands: ["id", "status"],
    unset: "none",
    help: "the key of that certificate, PEM",
  },
] as const
