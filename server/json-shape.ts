import { InputError } from "../protocol/index.ts"

/** What a JSON value looks like, in the words of JSON Schema 2020-12, which OpenAPI 3.1 uses too. */
export interface Schema {
  readonly type?: "string" | "integer" | "number" | "null" | "array" | "object"
  readonly description?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
}

/** A type of JSON values: described for documents, and checked where a value comes in. */
export interface Shape<T> {
  readonly schema: Schema
  /**
   * @param at where the value stands in the whole, such as `peers[0].node`; "" for the whole
   * @throws InputError that says where a value is missing or of another type
   */
  read(value: unknown, at: string): T
}

/** @param pattern what all of them match */
export function string(description: string, pattern?: RegExp): Shape<string> {
  if (pattern === undefined) {
    return {
      schema: { type: "string", description },
      read: (value, at) => (typeof value === "string" ? value : refuse(value, at, "a string")),
    }
  }
  return {
    schema: { type: "string", description, pattern: pattern.source },
    read: (value, at) =>
      typeof value === "string" && pattern.test(value)
        ? value
        : refuse(value, at, `a string that matches ${pattern.source}`),
  }
}

export function number(description: string): Shape<number> {
  return {
    schema: { type: "number", description },
    read: (value, at) => (typeof value === "number" ? value : refuse(value, at, "a number")),
  }
}

export function integer(description: string): Shape<number> {
  return {
    schema: { type: "integer", description },
    read: (value, at) =>
      typeof value === "number" && Number.isInteger(value)
        ? value
        : refuse(value, at, "a whole number"),
  }
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [shape.schema, { type: "null" }] },
    read: (value, at) => (value === null ? null : shape.read(value, at)),
  }
}

export function list<T>(items: Shape<T>): Shape<readonly T[]> {
  return {
    schema: { type: "array", items: items.schema },
    read: (value, at) =>
      Array.isArray(value)
        ? value.map((item: unknown, i) => items.read(item, `${at}[${i}]`))
        : refuse(value, at, "a list"),
  }
}

/** An object with at least these fields. What else it has, a later version may have added. */
export function record<T extends object>(
  description: string,
  fields: { readonly [K in keyof T]-?: Shape<T[K]> },
): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields)
  const properties = Object.fromEntries(shapes.map(([name, { schema }]) => [name, schema]))
  return {
    schema: { type: "object", description, properties, required: Object.keys(fields) },
    read(value, at) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return refuse(value, at, "an object")
      }
      const given = new Map<string, unknown>(Object.entries(value))
      const read = shapes.map(([name, shape]) => {
        return [name, shape.read(given.get(name), at === "" ? name : `${at}.${name}`)]
      })
      // The compiler has seen that `fields` has a shape of the right type for every field of T.
      return Object.fromEntries(read) as T
    },
  }
}

function refuse(value: unknown, at: string, wanted: string): never {
  const what = at === "" ? "it" : at
  throw new InputError(value === undefined ? `${what} is missing` : `${what} is not ${wanted}`)
}
