import { readFileSync } from "node:fs"
import { once } from "node:events"
import { connect } from "node:net"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { createServer } from "node:tls"
import { ROOT } from "./paths.ts"
import { splitAddress } from "./tcp-client.ts"

/** A test certificate, or with `-key` its key: see `test/fixtures/tls/make.sh`. */
export function pem(name: string): string {
  return readFileSync(pemFile(name), "utf8")
}

/** Where it is. */
export function pemFile(name: string): string {
  return join(ROOT, `test/fixtures/tls/${name}.pem`)
}

export interface TlsFrontOptions {
  /** Refuse clients without a certificate of the test authority. */
  readonly asksForCertificate?: boolean
}

/** Terminates TLS in front of a server, as firn.test, localhost, 127.0.0.1 and ::1. */
export class TlsFront implements Disposable {
  readonly port: number
  readonly #close: () => void

  private constructor(port: number, close: () => void) {
    this.port = port
    this.#close = close
  }

  /** @param upstream HOST:PORT */
  static async listen(
    upstream: string,
    { asksForCertificate = false }: TlsFrontOptions = {},
  ): Promise<TlsFront> {
    const { hostname, port } = splitAddress(upstream)
    const sockets = new Set<{ destroy(): unknown }>()
    const certificate = { cert: pem("server"), key: pem("server-key"), ca: pem("authority") }
    const required = { requestCert: asksForCertificate, rejectUnauthorized: asksForCertificate }
    const server = createServer({ ...certificate, ...required }, (client) => {
      const node = connect(port, hostname)
      for (const [from, to] of [[client, node] as const, [node, client] as const]) {
        sockets.add(from)
        from.pipe(to)
        from.on("error", () => to.destroy())
        from.on("close", () => to.destroy())
      }
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return new TlsFront((server.address() as AddressInfo).port, () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
  }

  [Symbol.dispose](): void {
    this.#close()
  }
}
