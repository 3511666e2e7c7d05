import { parseAddress } from "../net/address.ts"
import type { Address } from "../net/address.ts"
import { parseTarget, wholeNumber } from "./parsers.ts"
import type { Target } from "./parsers.ts"

/** The options of the commands that ask a running node. */
export const CLIENT_SETTINGS = [
  {
    flag: "--server <HOST:PORT>",
    commands: ["id"],
    parse: (text: string): Address => parseAddress(text),
    default: "127.0.0.1:6454",
    help: "the node's TCP address",
  },
  {
    flag: "--target <random|ID|key:TEXT>",
    commands: ["id"],
    parse: (text: string): Target => parseTarget(text),
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
    flag: "--server <HOST:PORT>",
    commands: ["status"],
    parse: (text: string): Address => parseAddress(text),
    default: "127.0.0.1:5454",
    variable: "FIRN_HTTP_SERVER",
    help: "the node's HTTP address",
  },
] as const
