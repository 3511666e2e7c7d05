import { pem, pemFile } from "./tls-front.ts"

/** What a test client trusts. */
export const TRUST: { readonly ca: string } = { ca: pem("authority") }
/** The same with a certificate of its own. */
export const KNOWN: { readonly ca: string; readonly cert: string; readonly key: string } = {
  ...TRUST,
  cert: pem("client"),
  key: pem("client-key"),
}

/** Options of a node that listens by TLS. @param name of its certificate */
export function tlsArgs(name = "server", key = `${name}-key`): string[] {
  return ["--tls-cert", pemFile(name), "--tls-key", pemFile(key)]
}

/** Options of a node whose clients need a certificate. */
export const MUTUAL: readonly string[] = ["--tls-client-ca", pemFile("authority")]
/** Options of a node that reaches the others by TLS. */
export const PEERS_BY_TLS: readonly string[] = ["--peer-ca", pemFile("authority")]
