import Negotiator from "negotiator"
import { MediaType } from "./answers.ts"

/** Text comes first: who accepts anything, as browsers do, gets it. */
const OFFERED: string[] = [MediaType.TEXT, MediaType.JSON].flatMap((type) => [
  type,
  `${type};charset=utf-8`,
])

let lastAccept: string | null = null
let wasJson = false

/**
 * Whether ids are to be answered as JSON, by RFC 9110, section 12.5.1. Who accepts neither gets text.
 * Most clients have one Accept, so the last one is remembered.
 */
export function wantsJson(accept: string | null): boolean {
  if (accept === null) return false
  if (accept !== lastAccept) {
    const best = new Negotiator({ headers: { accept } }).mediaType(OFFERED)
    wasJson = best?.startsWith(MediaType.JSON) ?? false
    lastAccept = accept
  }
  return wasJson
}
