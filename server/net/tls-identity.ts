import { InputError } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { readTlsFiles } from "./tls-files.ts"
import type { TlsFiles, TlsMaterial } from "./tls-files.ts"

/** TLS 1.2, as TLS itself writes it. */
const TLS_1_2 = 0x0303

/** What a listener is made with, as `Bun.listen` takes it. */
export interface ServerTls {
  readonly cert: string
  readonly key: string
  readonly minVersion: number
  /** Set when clients need a certificate. */
  readonly ca?: string
  readonly requestCert?: boolean
  readonly rejectUnauthorized?: boolean
}

/** What a link to another node is made with, as `Bun.connect` takes it. */
export interface PeerTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly minVersion: number
  readonly rejectUnauthorized: true
}

/** The certificates of a node, as they stand in its files, which can be read anew. */
export class TlsIdentity {
  readonly #files: TlsFiles
  readonly #environment: Environment
  readonly #watchers = new Set<() => void>()
  #material: TlsMaterial

  /** @throws InputError that names the file and what is wrong with it */
  constructor(files: TlsFiles, environment: Environment) {
    this.#files = files
    this.#environment = environment
    this.#material = readTlsFiles(files)
  }

  get server(): ServerTls {
    const { cert, key, clientCa } = this.#material
    const own = { cert, key, minVersion: TLS_1_2 }
    if (clientCa === undefined) return own
    return { ...own, ca: clientCa, requestCert: true, rejectUnauthorized: true }
  }

  /** undefined: links to other nodes are without TLS. */
  get peer(): PeerTls | undefined {
    const { cert, key, peerCa } = this.#material
    if (peerCa === undefined) return undefined
    return { ca: peerCa, cert, key, minVersion: TLS_1_2, rejectUnauthorized: true }
  }

  /** Unix milliseconds. */
  get endsAtMs(): number {
    return this.#material.endsAtMs
  }

  /** Why nobody accepts the certificate now, or undefined. */
  get fault(): string | undefined {
    return faultOf(this.#files.certFile, this.#material, this.#environment.wallMs())
  }

  /**
   * Reads the files anew: for connections from now on.
   * @throws InputError when they cannot be used; the old ones stay
   */
  reload(): void {
    const material = readTlsFiles(this.#files)
    const fault = faultOf(this.#files.certFile, material, this.#environment.wallMs())
    if (fault !== undefined) throw new InputError(fault)
    this.#material = material
    for (const renewed of this.#watchers) renewed()
  }

  /** @returns what ends the watch */
  watch(renewed: () => void): () => void {
    this.#watchers.add(renewed)
    return () => this.#watchers.delete(renewed)
  }
}

function faultOf(file: string, { beginsAtMs, endsAtMs }: TlsMaterial, nowMs: number) {
  if (nowMs >= endsAtMs) return `the certificate in ${file} has ended on ${dateOf(endsAtMs)}`
  if (nowMs < beginsAtMs) return `the certificate in ${file} begins on ${dateOf(beginsAtMs)}`
  return undefined
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
