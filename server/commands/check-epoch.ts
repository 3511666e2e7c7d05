import { InputError } from "../../protocol/index.ts"
import { systemEnvironment } from "../environment.ts"
import { storedIdentity } from "../storage/open-store.ts"

/**
 * An epoch is for ever, so it is looked at before it is stored for the first time. Where one is stored
 * already, the clock says nothing about it.
 * @throws InputError when it lies in the future
 */
export function checkNewEpoch(epochMs: number | undefined, dataDirs: readonly string[]): void {
  if (epochMs === undefined) return
  const nowMs = systemEnvironment.wallMs()
  if (epochMs <= nowMs || dataDirs.every((dataDir) => storedIdentity({ dataDir }, {}))) return
  const [epoch, now] = [epochMs, nowMs].map((timeMs) => new Date(timeMs).toISOString())
  throw new InputError(
    `--epoch is ${epoch}, and by the clock of this machine it is ${now}: ` +
      "ids count from a time that has been",
  )
}
