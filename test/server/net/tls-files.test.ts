import { expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { InputError } from "../../../protocol/index.ts"
import { authoritiesOf, readTlsFiles } from "../../../server/net/tls-files.ts"
import { TempDir } from "../../support/temp-dir.ts"
import { pem, pemFile } from "../../support/tls-front.ts"

const NONE = { clientCaFile: undefined, peerCaFile: undefined }

test("certificates are read as they stand in their files, with their times", () => {
  using dir = new TempDir()
  const chain = dir.at("chain.pem")
  writeFileSync(chain, `some words\n${pem("server")}${pem("authority")}`)
  const material = readTlsFiles({
    certFile: chain,
    keyFile: pemFile("server-key"),
    clientCaFile: pemFile("authority"),
    peerCaFile: pemFile("other-authority"),
  })
  expect(material).toMatchObject({
    cert: readFileSync(chain, "utf8"),
    key: pem("server-key"),
    clientCa: pem("authority"),
    peerCa: pem("other-authority"),
  })
  expect(new Date(material.endsAtMs).getUTCFullYear()).toBe(2126)
  expect(material.beginsAtMs).toBeLessThan(Date.now())
})

test.each([
  ["no such file", undefined, undefined, /cannot be read: ENOENT/],
  ["an empty certificate", "", undefined, /has no certificate in it \(PEM\)/],
  ["a key for a certificate", pem("server-key"), undefined, /has no certificate in it \(PEM\)/],
  ["half a certificate", pem("server").replace(/\n.{20}/, "\n"), undefined, /is damaged/],
  [
    "a damaged certificate of an authority",
    `${pem("server")}${pem("authority").replace(/\n.{20}/, "\n")}`,
    undefined,
    /is damaged/,
  ],
  ["no key", pem("server"), "words", /has no private key in it \(PEM\)/],
  [
    "another's key",
    pem("server"),
    pem("client-key"),
    /the key in .* is not that of the certificate/,
  ],
])("%s is refused with its file", (_, cert, key = pem("server-key"), reason) => {
  using dir = new TempDir()
  const [certFile, keyFile] = [dir.at("cert.pem"), dir.at("key.pem")]
  if (cert !== undefined) writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  const read = (): unknown => readTlsFiles({ certFile, keyFile, ...NONE })
  expect(read).toThrow(InputError)
  expect(read).toThrow(reason)
  expect(read).toThrow(dir.path)
})

test("a key that wants a passphrase is refused with the reason", () => {
  using dir = new TempDir()
  const keyFile = dir.at("key.pem")
  writeFileSync(keyFile, ENCRYPTED_KEY)
  expect(() => readTlsFiles({ certFile: pemFile("server"), keyFile, ...NONE })).toThrow(
    `${keyFile}: the key in it is encrypted, and a node has nobody to ask for its passphrase`,
  )
})

test("authorities are certificates", () => {
  expect(authoritiesOf(undefined)).toBeUndefined()
  expect(authoritiesOf(pemFile("authority"))).toBe(pem("authority"))
  expect(() => authoritiesOf(pemFile("client-key"))).toThrow("has no certificate in it")
})

const ENCRYPTED_KEY = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-256-CBC,EFD2D16FDF04AD59B63D8E6EA8DE3494

C7jjMnSFlUnMIJMWV3/f6gqjMEeVFxhCDwsWD/RI/rnx0XQXBiTm6T0kzytXtFTW
HMemUGtSKlBZRWgEqbkRl+IshQH/dLR1L5dtnuTWh7yHuE6WMnNAxPwoc0UycuLY
kS+ZdCcg5veIXVsUlwIxS3dkO7IbA2lrc1BYxjhJnc8=
-----END EC PRIVATE KEY-----
`
