const A = 0x41
const Z = 0x5a
/** No command begins so. */
const METHOD = /^[A-Z]{3,7} /
/** As many bytes as the longest method and the space after it have. */
const METHOD_SIZE_MAX = 8

const decoder = new TextDecoder()
const BODY = "this port is not for HTTP"

/** What a client of HTTP is answered on a port for lines; the line ending of the body is not in it. */
export const HTTP_REFUSAL: string = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain;charset=utf-8",
  `Content-Length: ${BODY.length + 1}`,
  "Connection: close",
  "",
  BODY,
].join("\r\n")

/** Whether a line begins as a request of HTTP does. */
export function isHttpRequest(line: Uint8Array): boolean {
  const first = line[0] ?? 0
  return first >= A && first <= Z && METHOD.test(decoder.decode(line.subarray(0, METHOD_SIZE_MAX)))
}
