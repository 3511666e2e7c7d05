import { publishState } from "./diagnostics.ts"
import type { FirnClientOptions, ServerState, ServerStateChange } from "./options.ts"

/** `statechange`: a server of the client has come or gone. */
export class ServerStateEvent extends Event implements ServerStateChange {
  readonly server: string
  readonly routed: boolean
  readonly state: ServerState
  readonly reason: string

  constructor({ server, routed, state, reason }: ServerStateChange) {
    super("statechange")
    this.server = server
    this.routed = routed
    this.state = state
    this.reason = reason
  }
}

/** A function, or an object with `handleEvent`, as everywhere with `EventTarget`. */
export type StateListener =
  | ((event: ServerStateEvent) => void)
  | {
      handleEvent(event: ServerStateEvent): void
    }

/** What is told of the servers of a client: by events, by its option, and by a diagnostics channel. */
export class StateEventTarget extends EventTarget {
  /**
   * Listens for `statechange`: a server comes or goes. What a listener throws becomes an uncaught
   * exception.
   */
  override addEventListener(
    type: "statechange",
    listener: StateListener | null,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal } | boolean,
  ): void {
    super.addEventListener(
      type,
      listener as Parameters<EventTarget["addEventListener"]>[1],
      options,
    )
  }

  override removeEventListener(type: "statechange", listener: StateListener | null): void {
    super.removeEventListener(type, listener as Parameters<EventTarget["addEventListener"]>[1])
  }
}

/** @param hook what it throws becomes an uncaught exception */
export function publishChange(
  client: StateEventTarget,
  change: ServerStateChange,
  hook: FirnClientOptions["onStateChange"],
): void {
  try {
    hook?.(change)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
  client.dispatchEvent(new ServerStateEvent(change))
  publishState(() => ({ client, ...change }))
}
