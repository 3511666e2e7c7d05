import { foreignLine } from "../foreign.ts"
import { text } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import { Persistence } from "./request.ts"
import type { ReceivedRequest } from "./request.ts"

export const NO_REQUEST = "not a request of HTTP/1.1"

/** Neither in a line nor at its end; a line feed alone has been refused before. */
const FORBIDDEN = /[^\t\r\n -~\x80-\xff]|\r(?!\n)/
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!"$-~]+) HTTP\/([0-9])\.([0-9])$/
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/
/** A target with scheme and authority, as proxies are sent it. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?]+/i

/** The fields that say something to this server. */
interface Fields {
  hosts: number
  isHostValid: boolean
  accept: string | null
  connection: string
  expects: boolean
  lengths: string[]
  isEncoded: boolean
}

/**
 * Reads the head of a request, strictly by RFC 9112, and refuses every body.
 * @param head all lines up to the empty one, without the line ending of the last; Latin-1
 * @returns the request, or the answer to it, after which the connection is closed
 */
export function parseHead(head: string): ReceivedRequest | HttpAnswer {
  if (FORBIDDEN.test(head)) return text(400, "a character is not allowed in a request")
  const [first = "", ...lines] = head.split("\r\n")
  const [, method, target, major, minor] = REQUEST_LINE.exec(first) ?? []
  if (method === undefined || target === undefined) {
    return text(400, foreignLine(Buffer.from(first)) ?? NO_REQUEST)
  }
  if (major !== "1") return text(505, "use HTTP/1.1")
  const isOld = minor === "0"
  const fields = readFields(lines)
  if (fields === undefined) return text(400, "a header line is not valid")
  if (fields.hosts > 1 || (fields.hosts === 0 && !isOld) || !fields.isHostValid) {
    return text(400, "give one valid Host")
  }
  return bodyFault(fields) ?? requestOf(method, target, isOld, fields)
}

function readFields(lines: readonly string[]): Fields | undefined {
  const fields: Fields = {
    hosts: 0,
    isHostValid: true,
    accept: null,
    connection: "",
    expects: false,
    lengths: [],
    isEncoded: false,
  }
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, Math.max(0, colon))
    // A folded line begins with a space, and so has no name either.
    if (!FIELD_NAME.test(name)) return undefined
    readField(fields, name.toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}

function readField(fields: Fields, name: string, value: string): void {
  switch (name) {
    case "host":
      fields.hosts++
      fields.isHostValid &&= HOST.test(value)
      break
    case "accept":
      fields.accept = fields.accept === null ? value : `${fields.accept}, ${value}`
      break
    case "connection":
      fields.connection += `,${value.toLowerCase()}`
      break
    case "expect":
      fields.expects = true
      break
    case "content-length":
      fields.lengths.push(value)
      break
    case "transfer-encoding":
      fields.isEncoded = true
      break
    default:
  }
}

/** No request of ours has a body, and one that is not read cannot be told from the next request. */
function bodyFault({ lengths, isEncoded, expects }: Fields): HttpAnswer | undefined {
  const isLength = (value: string): boolean => /^[0-9]+$/.test(value) && value === lengths[0]
  if (!lengths.every(isLength) || (isEncoded && lengths.length > 0)) {
    return text(400, "the length of the body is not clear")
  }
  if (isEncoded) return text(501, "send no Transfer-Encoding: a request has no body")
  if (expects) return text(417, "send no Expect: a request has no body")
  const [length = "0"] = lengths
  return /^0+$/.test(length) ? undefined : text(413, "a request has no body")
}

function requestOf(
  method: string,
  target: string,
  isOld: boolean,
  { accept, connection }: Fields,
): ReceivedRequest | HttpAnswer {
  const isForAll = target === "*" && method === "OPTIONS"
  const local = target.replace(ABSOLUTE_FORM, "")
  if (!isForAll && !local.startsWith("/") && local.length === target.length) {
    return text(400, "the target is not a path")
  }
  const mark = local.indexOf("?")
  const path = mark < 0 ? local : local.slice(0, mark)
  return {
    method,
    path: path === "" ? "/" : path,
    query: mark < 0 ? "" : local.slice(mark + 1),
    accept,
    persistence: persistenceOf(isOld, connection),
  }
}

function persistenceOf(isOld: boolean, connection: string): Persistence {
  const options = connection === "" ? [] : connection.split(",").map((option) => option.trim())
  if (options.includes("close")) return Persistence.CLOSE
  if (!isOld) return Persistence.KEEP
  return options.includes("keep-alive") ? Persistence.KEEP_ALIVE : Persistence.CLOSE
}
