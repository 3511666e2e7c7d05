import { InputError } from "../../protocol/index.ts"
import { authoritiesOf, readText } from "../net/tls-files.ts"
import type { TlsFiles } from "../net/tls-files.ts"
import type { Values } from "./settings.ts"

type NodeTlsOptions = Pick<
  Values<"start">,
  "tlsCert" | "tlsKey" | "tlsClientCa" | "peerCa" | "peers" | "peersFile"
>

/**
 * The files that a node is given for TLS.
 * @returns undefined: none
 * @throws InputError when some are missing
 */
export function tlsFilesOf(options: NodeTlsOptions): TlsFiles | undefined {
  const { tlsCert, tlsKey, tlsClientCa, peerCa, peers, peersFile } = options
  if (tlsCert === undefined || tlsKey === undefined) {
    const given = Object.entries({
      "--tls-cert": tlsCert,
      "--tls-key": tlsKey,
      "--tls-client-ca": tlsClientCa,
      "--peer-ca": peerCa,
    }).find(([, file]) => file !== undefined)
    if (given === undefined) return undefined
    const missing = tlsCert === undefined ? "--tls-cert" : "--tls-key"
    throw new InputError(`${given[0]} needs ${missing} as well`)
  }
  if (peerCa === undefined && ((peers?.length ?? 0) > 1 || peersFile !== undefined)) {
    throw new InputError(
      "--tls-cert needs --peer-ca in a cluster: other nodes are reached by TLS as well, " +
        "and this is how they are known",
    )
  }
  return { certFile: tlsCert, keyFile: tlsKey, clientCaFile: tlsClientCa, peerCaFile: peerCa }
}

/** How a command of ours speaks TLS to a node. Without `ca` the authorities of the system are trusted. */
export interface CommandTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/**
 * Reads what such a command was given.
 * @returns undefined: no TLS
 * @throws InputError that names what is missing, or the file that cannot be used
 */
export function commandTlsOf({
  tlsCa,
  tlsCert,
  tlsKey,
}: Pick<Values<"id">, "tlsCa" | "tlsCert" | "tlsKey">): CommandTls | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new InputError("--tls-cert and --tls-key go together")
  }
  if (tlsCa === undefined) {
    if (tlsCert === undefined) return undefined
    throw new InputError("--tls-cert needs --tls-ca as well: a file, or system")
  }
  return {
    ...(tlsCa === "system" ? {} : { ca: authoritiesOf(tlsCa)! }),
    ...(tlsCert === undefined ? {} : { cert: readText(tlsCert), key: readText(tlsKey!) }),
  }
}
