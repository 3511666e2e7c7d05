import type { FairQueue } from "../../generator/fair-queue.ts"
import type { Schema, Shape } from "../../json-shape.ts"
import type { NodeStatus } from "../../node-status.ts"
import type { Readiness } from "../../readiness.ts"
import type { Router } from "../../routing/router.ts"
import type { HttpAnswer, MediaType } from "./answers.ts"
import type { HttpRequest } from "./request.ts"

/** The node that the handlers answer for. */
export interface ServedNode {
  readonly router: Router
  readonly fairQueue: FairQueue
  readiness(): Readiness
  status(): NodeStatus
}

/**
 * @param parameter what stands in the place of `{…}` in the path; "" when there is none
 * @throws InputError with a sentence for the client, which is answered 400
 */
export type Handler = (
  request: HttpRequest,
  node: ServedNode,
  parameter: string,
) => HttpAnswer | Promise<HttpAnswer>

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

/** An entry of the table of routes: all that a server and a document have to know of it. */
export interface Route {
  readonly method: "GET"
  /** Whole, or with one parameter at its end: `/decode/{id}`. */
  readonly path: string
  readonly summary: string
  /** Of the path, if it has one. */
  readonly parameter?: Parameter
  readonly query: readonly Parameter[]
  /** Every answer it may give, besides those of `COMMON_ANSWERS`. */
  readonly answers: readonly AnswerType[]
  readonly handle: Handler
}
