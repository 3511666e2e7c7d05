/*
 * What clients of other protocols begin with. Each is refused by its name, since somebody has set
 * something up in another way than was meant.
 */

/** https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt: what `send-proxy` of HAProxy sends. */
const PROXY_REFUSAL =
  "the PROXY protocol is not spoken here: leave send-proxy out of the balancer's configuration"
const PROXY_LINE = Buffer.from("PROXY ")
/** Version 2; more follows. */
const PROXY_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1")

/** RFC 8446, section 5.1: a record of the handshake, and the version that all of them name. */
const TLS_HELLO = Buffer.from([0x16, 0x03])
const TLS_REFUSAL = "TLS is not spoken here: connect without it, or start the node with --tls-cert"

/** RFC 4253, section 4.2 */
const SSH_LINE = Buffer.from("SSH-")
const SSH_REFUSAL = "SSH is not spoken here: this is a Firn node"

/** @returns why a line is none of ours, if it is one of a protocol that is known */
export function foreignLine(line: Uint8Array): string | undefined {
  if (beginsWith(line, PROXY_LINE)) return PROXY_REFUSAL
  return beginsWith(line, SSH_LINE) ? SSH_REFUSAL : undefined
}

/**
 * @param bytes the first of a connection, two at least; no text
 * @returns why they are none of ours, if they are of a protocol that is known
 */
export function foreignBytes(bytes: Uint8Array): string | undefined {
  if (beginsWith(bytes, TLS_HELLO)) return TLS_REFUSAL
  const length = Math.min(bytes.length, PROXY_SIGNATURE.length)
  return beginsWith(bytes, PROXY_SIGNATURE.subarray(0, length)) ? PROXY_REFUSAL : undefined
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  for (const [i, byte] of beginning.entries()) if (bytes[i] !== byte) return false
  return true
}
