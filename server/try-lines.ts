import { join, resolve } from "node:path"
import { addressText } from "./net/address.ts"
import type { ListenAddress } from "./net/address.ts"
import type { TlsFiles } from "./net/tls-files.ts"

/** What a node can be told to listen on, and where that is found. */
const LOOPBACK = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["*", "127.0.0.1"],
  ["::", "::1"],
])

/** What whoever tries a node by TLS has to be told. */
export interface TryTls {
  /** What the certificate of the node can be checked with. */
  readonly caFile: string
  /** Whether clients need a certificate. */
  readonly wantsClientCert: boolean
}

/** Where an address that stands for all of a machine can be reached on it. */
function reachable(address: ListenAddress): ListenAddress {
  if ("path" in address) return address
  const loopback = LOOPBACK.get(address.host)
  return loopback === undefined ? address : { ...address, host: loopback }
}

/** Brackets and spaces mean something to some shells. */
function quoted(word: string): string {
  return /[[? ]/.test(word) ? `'${word}'` : word
}

/** How firn is started once more, by whoever has started this: outside a checkout, npx would find another project's. */
export function firnCommand(): string {
  const { npm_execpath: npm, FIRN_LAUNCHER: launcher } = process.env
  const checkout = join(import.meta.dirname, "..")
  if (npm !== undefined || process.cwd() === checkout) return "npx firn"
  if (launcher === undefined) return quoted(join(checkout, "server/firn"))
  return Bun.which("firn") === launcher ? "firn" : quoted(resolve(launcher))
}

/** @returns undefined without TLS */
export function tryTlsOf(files: TlsFiles | undefined): TryTls | undefined {
  if (files === undefined) return undefined
  const { certFile, clientCaFile, peerCaFile } = files
  return { caFile: peerCaFile ?? certFile, wantsClientCert: clientCaFile !== undefined }
}

/** What to paste into another terminal for a first id over TCP. */
export function tcpTryLines(listening: ListenAddress, tls?: TryTls): string[] {
  const address = reachable(listening)
  const asking = "printf 'lunique\\nquit\\n' |"
  if (tls !== undefined) {
    const where =
      "path" in address ? `-unix ${address.path}` : `-connect ${quoted(addressText(address))}`
    const client = tls.wantsClientCert ? " -cert CLIENT.crt -key CLIENT.key" : ""
    return [`${asking} openssl s_client -quiet ${where} -CAfile ${tls.caFile}${client}`]
  }
  if ("path" in address) return [`${asking} nc -U ${address.path}`]
  const { host, port } = address
  return [
    `${asking} nc ${host} ${port}`,
    `telnet ${host} ${port}   (then type: lunique, help or quit)`,
  ]
}

/** The same over HTTP. @param target such as `/lunique` */
export function httpTryLine(listening: ListenAddress, target: string, tls?: TryTls): string {
  const address = reachable(listening)
  const words = ["curl"]
  if (tls !== undefined) words.push("--cacert", tls.caFile)
  if (tls?.wantsClientCert) words.push("--cert", "CLIENT.crt", "--key", "CLIENT.key")
  if ("path" in address) words.push("--unix-socket", address.path)
  const host = "path" in address ? "localhost" : addressText(address)
  const url = `${tls === undefined ? "http" : "https"}://${host}${target}`
  return [...words, quoted(url)].join(" ")
}
