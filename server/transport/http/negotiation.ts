import Negotiator from "negotiator"
import { Exposition } from "../../metrics/exposition.ts"
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

/** Whoever asks for OpenMetrics, as Prometheus does; its version and how it escapes do not matter here. */
export function wantedExposition(accept: string | null): Exposition {
  if (accept === null) return Exposition.PROMETHEUS
  const types = accept.replaceAll(/;\s*(?:version|escaping|charset)=[^;,]*/g, "")
  const open = "application/openmetrics-text"
  const best = new Negotiator({ headers: { accept: types } }).mediaType(["text/plain", open])
  return best === open ? Exposition.OPEN_METRICS : Exposition.PROMETHEUS
}

/** Browsers ask for it; whoever takes anything, as curl does, gets text. */
export function wantsHtml(accept: string | null): boolean {
  if (accept === null) return false
  return (
    new Negotiator({ headers: { accept } }).mediaType(["text/plain", "text/html"]) === "text/html"
  )
}
