import type { Logger } from "pino"
import type { ForwardLedger } from "../checks/forward-ledger.ts"
import type { Network } from "../network/network.ts"
import type { Settings } from "../settings.ts"
import type { World } from "../world.ts"
import type { Clock } from "./clock.ts"

/** What all nodes of a run share. */
export interface NodeParts {
  readonly world: World
  readonly network: Network
  readonly ledger: ForwardLedger
  readonly settings: Settings
  readonly epochMs: number
  readonly log: Logger
  /** All of them. */
  readonly nodes: () => Iterable<{ readonly clock: Clock }>
}
