import { version } from "../../../package.json"
import { record, string } from "../../json-shape.ts"
import type { Schema } from "../../json-shape.ts"
import { MediaType, json } from "./answers.ts"
import type { AnswerType, Parameter, Route } from "./route.ts"
import { REASONS } from "./reasons.ts"
import { COMMON_ANSWERS, ROUTES } from "./routes.ts"

/** A document of OpenAPI 3.1.0, https://spec.openapis.org/oas/v3.1.0 */
interface Document {
  readonly openapi: string
  readonly info: object
  readonly paths: Readonly<Record<string, object>>
}

const DESCRIPTION =
  "Unique 64-bit ids over HTTP. An error is a line of text, or a problem of RFC 9457 for whoever asks for JSON. " +
  "HEAD is answered as GET without the body and takes no ids; OPTIONS names the methods."

/** What HTTP offers, for programs: made of the table of routes, itself included. */
export function openApiOf(routes: readonly Route[]): Document {
  return {
    openapi: "3.1.0",
    info: { title: "Firn", version, description: DESCRIPTION, license: { name: "MIT" } },
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route) }])),
  }
}

const DOCUMENT = record<Pick<Document, "openapi">>("the document", {
  openapi: string("the version of OpenAPI", /^3\.1\.0$/),
})

/** These routes, and one more at which their document is. */
function withDocument(routes: readonly Route[]): readonly Route[] {
  const own: Route = {
    method: "GET",
    path: "/openapi.json",
    summary: "Describes all of these paths.",
    query: [],
    answers: [
      {
        status: 200,
        meaning: "a document of OpenAPI 3.1",
        headers: [],
        bodies: [{ mediaType: MediaType.JSON, shape: DOCUMENT }],
      },
    ],
    handle: () => json(document),
  }
  const all = [...routes, own]
  const document = openApiOf(all)
  return all
}

/** All that HTTP offers. */
export const ALL_ROUTES: readonly Route[] = withDocument(ROUTES)
/** Ids and health alone: nothing tells of the node. */
export const BARE_ROUTES: readonly Route[] = withDocument(
  ROUTES.filter(({ isStatus }) => isStatus !== true),
)

function operationOf({ path, summary, parameter, query, answers }: Route): object {
  return {
    operationId:
      path
        .replaceAll(/[^a-z]+/g, " ")
        .trim()
        .replaceAll(" ", "-") || "index",
    summary,
    parameters: [
      ...(parameter === undefined ? [] : [parameterOf(parameter, "path")]),
      ...query.map((one) => parameterOf(one, "query")),
    ],
    responses: Object.fromEntries(
      [...answers, ...COMMON_ANSWERS].map((answer) => [`${answer.status}`, responseOf(answer)]),
    ),
  }
}

function parameterOf({ name, meaning, schema }: Parameter, place: "path" | "query"): object {
  return { name, in: place, required: place === "path", description: meaning, schema }
}

function responseOf({ status, meaning, headers, bodies }: AnswerType): object {
  const schemas = new Map<MediaType, Schema[]>()
  for (const { mediaType, shape } of bodies) {
    schemas.set(mediaType, [...(schemas.get(mediaType) ?? []), shape.schema])
  }
  return {
    description: `${REASONS[status]}: ${meaning}`,
    headers: Object.fromEntries(
      headers.map((name) => [name, { schema: { type: "string" }, description: name }]),
    ),
    content: Object.fromEntries(
      [...schemas].map(([type, [first, ...others]]) => {
        // What a stream is made of OpenAPI 3.1 cannot say.
        if (type === MediaType.EVENTS) return [type, {}]
        return [type, { schema: others.length === 0 ? first : { anyOf: [first, ...others] } }]
      }),
    ),
  }
}
