import { addressText } from "./net/address.ts"
import type { ListenAddress } from "./net/address.ts"
import type { TlsFiles } from "./net/tls-files.ts"

/** What whoever tries a node by TLS has to be told. */
export interface TryTls {
  /** What the certificate of the node can be checked with. */
  readonly caFile: string
  /** Whether clients need a certificate. */
  readonly wantsClientCert: boolean
}

/** @returns undefined without TLS */
export function tryTlsOf(files: TlsFiles | undefined): TryTls | undefined {
  if (files === undefined) return undefined
  const { certFile, clientCaFile, peerCaFile } = files
  return { caFile: peerCaFile ?? certFile, wantsClientCert: clientCaFile !== undefined }
}

/** What to paste into another terminal for a first id over TCP. */
export function tcpTryLines(address: ListenAddress, tls?: TryTls): string[] {
  const asking = "printf 'lunique\\nquit\\n' |"
  if (tls !== undefined) {
    const where = "path" in address ? `-unix ${address.path}` : `-connect ${addressText(address)}`
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
export function httpTryLine(address: ListenAddress, target: string, tls?: TryTls): string {
  const words = ["curl"]
  if (tls !== undefined) words.push("--cacert", tls.caFile)
  if (tls?.wantsClientCert) words.push("--cert", "CLIENT.crt", "--key", "CLIENT.key")
  if ("path" in address) words.push("--unix-socket", address.path)
  const host = "path" in address ? "localhost" : addressText(address)
  const url = `${tls === undefined ? "http" : "https"}://${host}${target}`
  return [...words, target.includes("?") ? `'${url}'` : url].join(" ")
}
