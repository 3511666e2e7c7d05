import { NODE_ID_MAX } from "../../protocol/index.ts"
import { PORT_MAX } from "../net/address.ts"
import { wholeNumber, yesOrNo } from "./parsers.ts"

/** The options about several nodes at once. */
export const CLUSTER_SETTINGS = [
  {
    flag: "--nodes <N>",
    commands: ["cluster", "seed"],
    parse: (text: string): number => wholeNumber(text, 1, NODE_ID_MAX + 1),
    needed: true,
    help: "how many nodes, 1 to 1024; their ids are 0 to N-1",
  },
  {
    flag: "--data-dir <DIR>",
    commands: ["cluster", "seed"],
    default: "./data",
    help: "where the nodes' directories go: `node-0`, `node-1`, …; what is missing is seeded, what exists is left as it is",
  },
  {
    flag: "--tcp-port <PORT>",
    commands: ["cluster"],
    parse: (text: string): number => wholeNumber(text, 0, PORT_MAX),
    default: "6454",
    help: "the TCP port of node 0; node 1 has the next one and so on; 0 takes free ones",
  },
  {
    flag: "--http-port <PORT>",
    commands: ["cluster"],
    parse: (text: string): number => wholeNumber(text, 0, PORT_MAX),
    default: "5454",
    help: "the HTTP port of node 0; node 1 has the next one and so on; 0 takes free ones",
  },
  {
    flag: "--share-port [yes|no]",
    commands: ["cluster"],
    parse: (text: string): boolean => yesOrNo(text),
    default: "no",
    preset: "yes",
    help: "all nodes listen on `--tcp-port` and `--http-port` together, and node 0 has the next ones for itself",
  },
] as const
