import { expect, test } from "bun:test"
import { wantsJson } from "../../../../server/transport/http/negotiation.ts"

test.each([
  [null, false],
  ["", false],
  ["*/*", false],
  ["text/html,application/xhtml+xml,*/*;q=0.8", false],
  ["application/json", true],
  ["APPLICATION/JSON", true],
  ["application/json; charset=UTF-8", true],
  ["application/*", true],
  ["application/json, */*;q=0.1", true],
  ["application/json;q=0", false],
  ["application/json;q=0.5, text/plain", false],
  ["text/plain;q=0.2, application/json", true],
  ["application/json-seq", false],
  ["application/problem+json", false],
  ["no media type", false],
])("Accept: %s asks for JSON: %p", (accept, expected) => {
  // Twice: the last answer is remembered.
  expect([wantsJson(accept), wantsJson(accept)]).toEqual([expected, expected])
})
