import { isTextStart } from "../../protocol/index.ts"
import type { NewDialect } from "./dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import type { TextContext } from "./text/text-context.ts"
import { TextDialect } from "./text/text-dialect.ts"

/** What a connection on the TCP port speaks. */
export function chooseDialect(context: TextContext): NewDialect {
  return (first, epochMs) =>
    isTextStart(first) ? new TextDialect(epochMs, context) : new FrameDialect()
}
