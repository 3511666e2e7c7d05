/*
 * The header that HAProxy's `send-proxy` and others put in front of a connection, to tell who has
 * opened it: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */

/** What whoever sends it is answered: a person has to see it, who set up the balancer. */
export const PROXY_REFUSAL =
  "the PROXY protocol is not spoken here: leave send-proxy out of the balancer's configuration"

/** Version 1 begins so. */
const LINE = Buffer.from("PROXY ")
/** Version 2 begins so; more follows. */
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1")

export function isProxyLine(line: Uint8Array): boolean {
  return LINE.equals(line.subarray(0, LINE.length))
}

/** Whether these bytes are the first of version 2, as far as they go. */
export function isProxySignature(bytes: Uint8Array): boolean {
  return (
    bytes.length > 0 &&
    SIGNATURE.subarray(0, bytes.length).equals(bytes.subarray(0, SIGNATURE.length))
  )
}
