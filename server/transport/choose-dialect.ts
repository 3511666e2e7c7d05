import { isTextFirstByte } from "../../protocol/index.ts"
import type { NewDialect } from "./dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import type { TextContext } from "./text/text-context.ts"
import { TextDialect } from "./text/text-dialect.ts"

/** What a connection on the TCP port speaks. */
export function chooseDialect(context: TextContext): NewDialect {
  return (firstByte, epochMs) =>
    isTextFirstByte(firstByte) ? new TextDialect(epochMs, context) : new FrameDialect()
}
