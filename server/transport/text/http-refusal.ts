const A = 0x41
const Z = 0x5a
/** Those of RFC 9110 and 5789, and the first line of HTTP/2. A browser asks before it sends another. */
const METHOD = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) /
/** As many bytes as the longest method and the space after it have. */
const METHOD_SIZE_MAX = 8

const decoder = new TextDecoder()
/**
 * What a client of HTTP is answered on a port for lines; the line ending of the body is not in it.
 * @param httpAt where HTTP is spoken; undefined: nowhere
 */
export function httpRefusal(httpAt: string | undefined): string {
  const where = httpAt === undefined ? "this node has none for it" : `that is at ${httpAt}`
  const body = `this port is not for HTTP: ${where}`
  return [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: text/plain;charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body) + 1}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n")
}

/** Whether a line begins as a request of HTTP does. */
export function isHttpRequest(line: Uint8Array): boolean {
  const first = line[0] ?? 0
  return first >= A && first <= Z && METHOD.test(decoder.decode(line.subarray(0, METHOD_SIZE_MAX)))
}
