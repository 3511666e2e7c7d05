import { FirnNode } from "../../server/node.ts"
import type { NodeOptions } from "../../server/node.ts"
import { DEFAULT_LIMITS } from "./connection-limits.ts"
import { within } from "./deadline.ts"
import { MemoryLog } from "./memory-log.ts"
import { MemoryNodeStore } from "./memory-node-store.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"
import { VirtualPort } from "./virtual-port.ts"
import { MAX_LAG_MS, MAX_LEAD_MS, NODE_ID } from "./virtual-node.ts"

const HTTP_PORT = 2

/** A node in virtual time, alone, on a store in memory. */
export class LoneNode {
  readonly environment: VirtualEnvironment = new VirtualEnvironment()
  readonly store: MemoryNodeStore = new MemoryNodeStore(this.environment, NODE_ID)
  readonly log: MemoryLog = new MemoryLog()
  readonly http: VirtualPort = new VirtualPort()

  async start(options: Partial<NodeOptions> = {}): Promise<FirnNode> {
    const host = "127.0.0.1"
    return await FirnNode.start({
      tcp: { host, port: 1 },
      http: { host, port: HTTP_PORT },
      maxClockLeadMs: MAX_LEAD_MS,
      waitTimeoutMs: 1_000,
      maxClockLagMs: MAX_LAG_MS,
      peers: [],
      linksPerPeer: 1,
      forwardTimeoutMs: 1_000,
      limits: DEFAULT_LIMITS,
      drainDelayMs: 0,
      drainTimeoutMs: 10_000,
      store: this.store,
      environment: this.environment,
      listen: (address, events, hasReserve) =>
        "port" in address && address.port === HTTP_PORT
          ? this.http.listen(address, events, hasReserve)
          : { address, stop() {} },
      dial: () => ({ abandon: () => {} }),
      log: this.log.logger,
      ...options,
    })
  }

  /** Stops it, with the time passing that this takes. */
  async stop(node: FirnNode): Promise<void> {
    const stopped = node.stop()
    for (let i = 0; i < 5; i++) {
      this.environment.advance(20)
      await Promise.resolve()
    }
    await within("the stop", stopped)
  }

  /** `status text` of what is answered at a path. */
  get(path: string): string {
    const { status, body } = this.http.get(path)
    return `${status} ${body.trimEnd()}`
  }

  get unready(): unknown {
    const { body } = this.http.get("/nodes")
    return (JSON.parse(body) as { unready: unknown }).unready
  }
}
