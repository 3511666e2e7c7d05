/** What can be told of an id without a server: pure, for browsers and bundles too. */
export {
  DEFAULT_EPOCH_MS,
  composeId,
  decodeId,
  idRangeForTime,
  idUnixMs,
} from "../protocol/index.ts"
export type { IdParts } from "../protocol/index.ts"
