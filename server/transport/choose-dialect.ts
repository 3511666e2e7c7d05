import { TEXT_FIRST_BYTE_MAX, TEXT_FIRST_BYTE_MIN } from "../../protocol/index.ts"
import type { Dialect } from "./dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import { TextDialect } from "./text/text-dialect.ts"

/** What a connection speaks, by the first byte that its client sends. */
export function chooseDialect(firstByte: number, epochMs: number): Dialect {
  const isText = firstByte >= TEXT_FIRST_BYTE_MIN && firstByte <= TEXT_FIRST_BYTE_MAX
  return isText ? new TextDialect(epochMs) : new FrameDialect()
}
