import { Op, STATUSES } from "../../protocol/index.ts"
import { EVENT, REPLY } from "./dialect.ts"
import type { ClientExchange } from "./dialect.ts"
import { DIALECT_NAMES } from "./dialect-kind.ts"
import type { DialectKind, RequestCounter } from "./dialect-kind.ts"

/** Ops are 1 to 7; 0 stands for those that there are not. */
const OPS = 8
/** Statuses, and behind them what the dialect answers itself. */
const COLUMNS = 16
const OWN = COLUMNS - 1
const PER_DIALECT = OPS * COLUMNS

const OP_NAMES: readonly string[] = Array.from({ length: OPS }, (_, op) => opName(op))

/** A kind of request with what it was answered, and how often. */
export interface RequestCount {
  /** One of `DIALECT_NAMES`. */
  readonly dialect: string
  /** The name of the op, `UNKNOWN`; or `OTHER`: what is not for an op, such as help, or is malformed. */
  readonly op: string
  /** The name of the status; `ANSWERED` where the dialect has answered itself. */
  readonly status: string
  readonly count: number
}

/** How many requests were answered, by what they are spoken in, op and status. They only ever grow. */
export class RequestCounts implements RequestCounter {
  /** How many connections speak each dialect now. */
  readonly connections: Float64Array = new Float64Array(DIALECT_NAMES.length)
  readonly #counts = new Float64Array(DIALECT_NAMES.length * PER_DIALECT)

  /** Counts so many requests of one kind. */
  add(dialect: DialectKind, op: Op, status: number, count: number): void {
    this.#counts[dialect * PER_DIALECT + op * COLUMNS + status]! += count
  }

  /** Counts one whose answer is about to be written. */
  count({ encoding, dialect, op, status }: ClientExchange): void {
    const row = dialect * PER_DIALECT
    // Nobody has asked for each event.
    if (encoding === EVENT) return
    if (encoding === REPLY) this.#counts[row + OWN]!++
    else this.#counts[row + (op < OPS ? op : 0) * COLUMNS + status]!++
  }

  /** Those that there were. */
  list(): RequestCount[] {
    const list: RequestCount[] = []
    for (const [at, count] of this.#counts.entries()) {
      if (count === 0) continue
      const column = at % COLUMNS
      list.push({
        dialect: DIALECT_NAMES[Math.floor(at / PER_DIALECT)]!,
        op: column === OWN ? "OTHER" : OP_NAMES[Math.floor(at / COLUMNS) % OPS]!,
        status: column === OWN ? "ANSWERED" : (STATUSES[column]?.name ?? "UNKNOWN"),
        count,
      })
    }
    return list
  }
}

function opName(op: number): string {
  return Object.entries(Op).find(([, value]) => value === op)?.[0] ?? "UNKNOWN"
}
