import { X509Certificate, createPrivateKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { InputError } from "../../protocol/index.ts"

/** Where the certificates of a node are: PEM files. */
export interface TlsFiles {
  /** Its certificate, and those between it and the authority. */
  readonly certFile: string
  readonly keyFile: string
  /** Whoever connects needs a certificate of one of these authorities. */
  readonly clientCaFile: string | undefined
  /** Other nodes need a certificate of one of these authorities, for the name they are listed by. */
  readonly peerCaFile: string | undefined
}

/** What stands in such files. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
  readonly peerCa: string | undefined
  /** From when to when the certificate is valid, Unix milliseconds. */
  readonly beginsAtMs: number
  readonly endsAtMs: number
}

/** @throws InputError that names the file and what is wrong with it */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const { certFile, keyFile, clientCaFile, peerCaFile } = files
  const cert = readText(certFile)
  const key = readText(keyFile)
  const certificate = certificatesOf(certFile, cert)[0]!
  if (!certificate.checkPrivateKey(privateKeyOf(keyFile, key))) {
    throw new InputError(`the key in ${keyFile} is not that of the certificate in ${certFile}`)
  }
  return {
    cert,
    key,
    clientCa: authoritiesOf(clientCaFile),
    peerCa: authoritiesOf(peerCaFile),
    beginsAtMs: Date.parse(certificate.validFrom),
    endsAtMs: Date.parse(certificate.validTo),
  }
}

/** @throws InputError that names the file and what is wrong with it */
export function authoritiesOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const text = readText(path)
  certificatesOf(path, text)
  return text
}

/** @throws InputError that names the file */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g

/** @returns one at least */
function certificatesOf(path: string, text: string): X509Certificate[] {
  const found = text.match(CERTIFICATE) ?? []
  if (found.length === 0) throw new InputError(`${path} has no certificate in it (PEM)`)
  try {
    return found.map((pem) => new X509Certificate(pem))
  } catch (error) {
    throw new InputError(`a certificate in ${path} is damaged`, { cause: error })
  }
}

function privateKeyOf(path: string, text: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === "ERR_MISSING_PASSPHRASE"
        ? "the key in it is encrypted, and a node has nobody to ask for its passphrase"
        : "it has no private key in it (PEM)"
    throw new InputError(`${path}: ${why}`, { cause: error })
  }
}
