import { isTextStart } from "../../protocol/index.ts"
import type { NewDialect } from "./dialect.ts"
import { RedisDialect } from "./redis/redis-dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import type { NodeContext } from "./node-context.ts"
import { TextDialect } from "./text/text-dialect.ts"

/** With it every command of Redis's protocol begins. */
const STAR = 0x2a

/** What a connection on the TCP port speaks. */
export function chooseDialect(context: NodeContext): NewDialect {
  return (first, epochMs) => {
    if (first[0] === STAR) return new RedisDialect(epochMs, context)
    return isTextStart(first) ? new TextDialect(epochMs, context) : new FrameDialect()
  }
}
