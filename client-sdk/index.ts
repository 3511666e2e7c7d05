/** The client of Firn for Node and Bun. `README.md` shows its use. */
export { FirnClient } from "./client.ts"
export type { CallOptions, CloseOptions, DecodedId } from "./call-options.ts"
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
export * from "./id.ts"
