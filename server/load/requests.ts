import { InputError, Op, REQUEST_SIZE, encodeRequest, keyHash } from "../../protocol/index.ts"
import type { MixPart, Workload } from "./workload.ts"

/** How many different requests are made ahead of time; they are sent over and over. */
const PATTERN_REQUESTS = 4_096
/** Of the number in a key, so that all requests have the same size. */
const KEY_DIGITS = 4

const encoder = new TextEncoder()

/** All requests of a workload, one behind the other, twice: any stretch of them lies in one piece. */
export interface Pattern {
  readonly bytes: Uint8Array
  readonly requestSize: number
  /** Where it begins to repeat. */
  readonly length: number
}

/** @throws InputError when the requests of a mix cannot be put in a row */
export function patternOf(workload: Workload): Pattern {
  const once = workload.protocol === "frames" ? frames(workload) : texts(workload)
  const bytes = new Uint8Array(once.length * 2)
  bytes.set(once)
  bytes.set(once, once.length)
  return { bytes, requestSize: once.length / PATTERN_REQUESTS, length: once.length }
}

function frames({ mix, count }: Workload): Uint8Array {
  const bytes = new Uint8Array(PATTERN_REQUESTS * REQUEST_SIZE)
  const total = mix.reduce((sum, { share }) => sum + share, 0)
  // Evenly interleaved: each part is owed its share, and the one that is owed most comes next.
  const owed = mix.map(() => 0)
  for (let i = 0; i < PATTERN_REQUESTS; i++) {
    for (const [at, { share }] of mix.entries()) owed[at]! += share / total
    const next = owed.indexOf(Math.max(...owed))
    owed[next]! -= 1
    const part = mix[next]!
    const target = part.op === "KEY" ? keyHash(keyOf(part, i)) : (part.node ?? 0)
    encodeRequest(bytes, i * REQUEST_SIZE, Op[part.op], 0, count, target)
  }
  return bytes
}

function texts({ protocol, mix, count }: Workload): Uint8Array {
  const [part] = mix
  if (part === undefined || mix.length > 1) throw new InputError("only frames can be mixed")
  const requests = Array.from({ length: PATTERN_REQUESTS }, (_, i) => {
    const key = keyOf(part, i)
    if (protocol === "redis") return redisRequest(part, key, count)
    return protocol === "http" ? httpRequest(part, key, count) : textRequest(part, key, count)
  })
  return encoder.encode(requests.join(""))
}

function keyOf({ key }: MixPart, i: number): string {
  return key ?? `user:${String(i).padStart(KEY_DIGITS, "0")}`
}

function redisRequest({ op, node }: MixPart, key: string, count: number): string {
  if (op === "KEY") return count === 1 ? command("INCR", key) : command("INCRBY", key, `${count}`)
  const name = op === "NODE" ? `node:${node}` : op.toLowerCase()
  return count === 1 ? command("GET", name) : command("FIRN.IDS", `${count}`, name)
}

function command(...words: string[]): string {
  const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${bulks.join("")}`
}

function httpRequest({ op, node }: MixPart, key: string, count: number): string {
  const query = new URLSearchParams()
  if (op !== "LOCAL") query.set("target", targetText(op, node, key))
  if (count > 1) query.set("n", `${count}`)
  const path = `${op === "LOCAL" ? "/lunique" : "/dunique"}${query.size > 0 ? `?${query}` : ""}`
  return `GET ${path} HTTP/1.1\r\nHost: firn\r\n\r\n`
}

function textRequest({ op, node }: MixPart, key: string, count: number): string {
  const words = op === "LOCAL" ? ["lunique"] : ["dunique", targetText(op, node, key)]
  return `${[...words, ...(count > 1 ? [`${count}`] : [])].join(" ")}\n`
}

function targetText(op: MixPart["op"], node: number | undefined, key: string): string {
  if (op === "NODE") return `node:${node}`
  return op === "KEY" ? `key:${key}` : "random"
}
