import type { Schema, Shape } from "../../json-shape.ts"
import type { MetricFamily } from "../../metrics/metric.ts"
import type { NodeStatus } from "../../node-status.ts"
import type { Readiness } from "../../readiness.ts"
import type { HttpAnswer, MediaType } from "./answers.ts"
import type { EventSource } from "./event-stream.ts"
import type { IdsQuery } from "./ids-query.ts"
import type { HttpRequest } from "./request.ts"

/** The node that the handlers answer for. */
export interface ServedNode {
  /** Of its ids. */
  readonly epochMs: number
  readiness(): Readiness
  status(): NodeStatus
  metrics(): MetricFamily[]
  readonly events: EventSource
}

/**
 * @param parameter what stands in the place of `{…}` in the path; "" when there is none
 * @throws InputError with a sentence for the client, which is answered 400
 */
export type Handler = (request: HttpRequest, node: ServedNode, parameter: string) => HttpAnswer

export interface Parameter {
  readonly name: string
  readonly meaning: string
  readonly schema: Schema
}

export interface BodyType {
  readonly mediaType: MediaType
  readonly shape: Shape<unknown>
}

/** One kind of answer, which has one of these bodies. */
export interface AnswerType {
  readonly status: number
  readonly meaning: string
  readonly headers: readonly string[]
  readonly bodies: readonly BodyType[]
}

/** What a server and a document have to know of a route. HEAD and OPTIONS come with every GET. */
interface RouteDescription {
  readonly method: "GET"
  /** Whole, or with one parameter at its end: `/decode/{id}`. */
  readonly path: string
  readonly summary: string
  /** Whether it tells of the node; `--http-status off` takes it away. */
  readonly isStatus?: true
  /** Of the path, if it has one. */
  readonly parameter?: Parameter
  readonly query: readonly Parameter[]
  /** Every answer it may give, besides those of `COMMON_ANSWERS`. */
  readonly answers: readonly AnswerType[]
}

/** A route that is answered at once. */
interface AnsweredRoute extends RouteDescription {
  readonly handle: Handler
}

/** A route whose answer goes on for as long as the client likes. */
interface EventsRoute extends RouteDescription {
  readonly handle?: undefined
  readonly events: true
}

/** A route for ids, which the connection gets as it does those of every other dialect. */
interface IdsRoute extends RouteDescription {
  readonly handle?: undefined
  readonly events?: undefined
  /**
   * Reads the query string.
   * @throws InputError with a sentence for the client, which is answered 400
   */
  readonly ask: (query: string) => IdsQuery
}

/** An entry of the table of routes. */
export type Route = AnsweredRoute | IdsRoute | EventsRoute
