import type { Call } from "./call.ts"
import type { Environment } from "./environment.ts"
import type { FirnError } from "./errors.ts"
import type { FlushScheduler } from "./flush-scheduler.ts"
import type { TlsOptions } from "./options.ts"
import type { ServerIdentity } from "./server-check.ts"
import type { ServerAddress } from "./server-address.ts"

export interface ConnectionOptions {
  /** The server's name, for errors. */
  readonly server: string
  readonly address: ServerAddress
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  /**
   * A connection on which nothing comes for so long, while something is asked, is silent: three
   * times as long as the answer to a PING may take, half as long as the oldest request may wait
   * before the connection is given up.
   */
  readonly silenceMs: number
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
}

export interface ConnectionEvents {
  /** It has told what it is. @returns why it must not be used; undefined when it may be */
  checked(identity: ServerIdentity): string | undefined
  ready(): void
  /** A call has failed here, and may go elsewhere. */
  failed(call: Call, failure: FirnError): void
  /**
   * Nothing has come for `silenceMs`, or no answer to a PING. Told once for each silence.
   * @param isMissed whether it has calls left, or cannot take any
   */
  silent(isMissed: boolean): void
  /** A call was taken off a silent connection, and may go on at the same server. */
  moved(call: Call, failure: FirnError): void
  /** It is of no more use. Called once, before its calls are told. */
  closed(failure: FirnError, reason: string): void
}
