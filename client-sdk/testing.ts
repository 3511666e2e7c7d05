/** A client for tests: ids without a server. `README.md` shows its use. */
import type { Environment, Timer } from "./environment.ts"
import { invalidArgument } from "./errors.ts"
import { FirnClient } from "./index.ts"
import type { FirnClientOptions } from "./index.ts"
import type { Dial } from "./socket.ts"
import { TestServer } from "./test-server.ts"
import type { TestConnection } from "./test-server.ts"

export { TestServer } from "./test-server.ts"
export type { TestServerOptions } from "./test-server.ts"

export interface TestClientOptions extends Omit<FirnClientOptions, "servers"> {
  /** What it asks. Default: one that always answers. */
  readonly servers?: TestServer | readonly TestServer[]
}

/**
 * A `FirnClient` as in production, that asks test servers: calls, errors, retries and prefetch are
 * the real ones. It opens no socket. Its time is that of `Date.now()` and `setTimeout`, so fake timers
 * move it; ids come while they stand still.
 * @throws FirnError INVALID_ARGUMENT
 */
export function createTestClient({
  servers = new TestServer(),
  ...options
}: TestClientOptions = {}): FirnClient {
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers]
  const byHost = new Map<string, TestServer>()
  for (const server of list) {
    if (!(server instanceof TestServer)) throw invalidArgument("servers has to be of TestServers")
    byHost.set(`test-server-${byHost.size}`, server)
  }
  const settings = { ...options, servers: [...byHost.keys()] }
  const TestClient = FirnClient as new (_: FirnClientOptions, __: Environment) => FirnClient
  return new TestClient(settings, new TestEnvironment(byHost))
}

/** Timers and clocks are looked up at each use, since a test may replace them at any time. */
class TestEnvironment implements Environment {
  readonly #servers: ReadonlyMap<string, TestServer>
  #latestMs = 0

  constructor(servers: ReadonlyMap<string, TestServer>) {
    this.#servers = servers
  }

  /** `Date.now()` is faked by all that fake timers, `performance.now()` is not. */
  monotonicMs(): number {
    this.#latestMs = Math.max(this.#latestMs, Date.now())
    return this.#latestMs
  }

  wallMs(): number {
    return Date.now()
  }

  random(): number {
    return Math.random()
  }

  after(delayMs: number, run: () => void): Timer {
    const handle = globalThis.setTimeout(run, delayMs)
    return { cancel: () => globalThis.clearTimeout(handle) }
  }

  afterInBackground(delayMs: number, run: () => void): Timer {
    const handle = globalThis.setTimeout(run, delayMs)
    // Fake ones may have no unref().
    ;(handle as { unref?: () => void }).unref?.()
    return { cancel: () => globalThis.clearTimeout(handle) }
  }

  afterReads(run: () => void): void {
    later(run)
  }

  readonly dial: Dial = (address, _tls, events) => {
    const server = this.#servers.get("host" in address ? address.host : "")!
    let isOpen = true
    const connection: TestConnection = {
      receive: (bytes) => later(() => isOpen && events.data(bytes)),
      close: (reason) =>
        later(() => {
          if (!isOpen) return
          isOpen = false
          events.closed(reason, undefined)
        }),
    }
    later(() => {
      if (!isOpen) return
      if (server.accept(connection)) events.opened()
      else connection.close("nothing listens there")
    })
    return {
      write(bytes) {
        later(() => server.take(connection, bytes))
        return true
      },
      setRef() {},
      destroy() {
        isOpen = false
        server.forget(connection)
      },
    }
  }
}

/** In a microtask, which nothing fakes. */
function later(run: () => void): void {
  void Promise.resolve().then(run)
}
