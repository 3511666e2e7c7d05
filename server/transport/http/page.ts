import { createHash } from "node:crypto"
import html from "./page/page.html" with { type: "text" }
import { BY_ACCEPT, MediaType } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"

/** With this attribute it is a text, and not what Bun makes of HTML otherwise, which the types tell of. */
const PAGE = html as unknown as string

/** Nothing is fetched from elsewhere, and no script runs but that of the page. */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf("script")}`,
  `style-src ${hashOf("style")}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")

/** Of the page, and of what stands in its place for whoever wants text. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...BY_ACCEPT,
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
}

/** The page of a node. */
export const PAGE_ANSWER: HttpAnswer = {
  status: 200,
  mediaType: MediaType.HTML,
  body: PAGE,
  headers: PAGE_HEADERS,
}

/** Of the text between the tags, as https://www.w3.org/TR/CSP3/ has it. */
function hashOf(tag: "script" | "style"): string {
  const [, content] = new RegExp(`<${tag}>([^]*)</${tag}>`).exec(PAGE) ?? []
  if (content === undefined) throw new Error(`the page has no <${tag}>`)
  return `'sha256-${createHash("sha256").update(content).digest("base64")}'`
}
