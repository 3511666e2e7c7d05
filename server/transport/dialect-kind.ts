import type { Op, Status } from "../../protocol/index.ts"

/** What a connection can speak, by number: an index into `DIALECT_NAMES`. */
export const DialectKind = {
  FRAMES: 0,
  TEXT: 1,
  REDIS: 2,
  HTTP: 3,
} as const
export type DialectKind = (typeof DialectKind)[keyof typeof DialectKind]

export const DIALECT_NAMES: readonly string[] = ["frames", "text", "redis", "http"]

/** Hears of requests that were answered, so many of one kind at a time. */
export interface RequestCounter {
  add(dialect: DialectKind, op: Op, status: Status, count: number): void
}
