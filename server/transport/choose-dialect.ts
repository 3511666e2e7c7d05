import { TEXT_FIRST_BYTE_MAX, TEXT_FIRST_BYTE_MIN } from "../../protocol/index.ts"
import type { NewDialect } from "./dialect.ts"
import { FrameDialect } from "./tcp/frame-dialect.ts"
import { TextDialect } from "./text/text-dialect.ts"

/**
 * What a connection on the TCP port speaks.
 * @param httpAt asked where HTTP is spoken, for those who try it on this port
 */
export function chooseDialect(httpAt: () => string | undefined): NewDialect {
  return (firstByte, epochMs) => {
    const isText = firstByte >= TEXT_FIRST_BYTE_MIN && firstByte <= TEXT_FIRST_BYTE_MAX
    return isText ? new TextDialect(epochMs, httpAt()) : new FrameDialect()
  }
}
