/** The client of Firn for Node and Bun. `README.md` shows its use. */
export { FirnClient } from "./client.ts"
export type {
  CallOptions,
  CloseOptions,
  DecodedId,
  PingAnswer,
  WaitOptions,
} from "./call-options.ts"
export type { CallTrace } from "./diagnostics.ts"
export { FirnError } from "./errors.ts"
export type { FirnErrorCode } from "./errors.ts"
export type {
  FirnClientOptions,
  PrefetchOptions,
  RetryOptions,
  ServerState,
  ServerStateChange,
  TlsOptions,
} from "./options.ts"
export { ServerStateEvent } from "./state-event.ts"
export type { StateListener } from "./state-event.ts"
export type { ClientStats, PrefetchStats, RequestStats, ServerStats } from "./stats.ts"
export * from "./id.ts"
