import type { CallOptions } from "../../client-sdk/call-options.ts"
import { FirnClient } from "../../client-sdk/client.ts"
import type { FirnClientOptions, ServerStateChange } from "../../client-sdk/options.ts"
import { FakePeer, nodeOfId, peerAddress } from "./fake-peer.ts"
import { outcomeOf } from "./firn-failure.ts"
import { VirtualClientEnvironment } from "./virtual-client-environment.ts"
import type { Wire } from "./virtual-network.ts"

export interface VirtualClientOptions extends Omit<FirnClientOptions, "servers"> {
  readonly seed?: number
}

/** A client in virtual time, of fake servers that are numbered from 0. */
export class VirtualClient {
  readonly environment: VirtualClientEnvironment
  readonly servers: readonly FakePeer[]
  readonly client: FirnClient
  /** `server state reason`, by the server's number; one for each change that was told. */
  readonly changes: string[] = []

  /** @param size how many servers; all of them listen */
  constructor(size: number, { seed = 1, ...options }: VirtualClientOptions = {}) {
    this.environment = new VirtualClientEnvironment(seed)
    const { network } = this.environment
    this.servers = Array.from({ length: size }, (_, id) => new FakePeer(network, id).listen())
    const addresses = this.servers.map((_, id) => peerAddress(id))
    const onStateChange = ({ server, state, reason }: ServerStateChange): void => {
      this.changes.push(`${addresses.indexOf(server)} ${state} ${reason}`.trim())
    }
    const settings = { servers: addresses, onStateChange, ...options }
    this.client = new FirnClient(settings, this.environment)
  }

  /** Asks for an id. */
  call(options?: CallOptions): Promise<bigint> {
    return this.client.id(options)
  }

  /** Connects to all servers that listen. */
  async connect(): Promise<void> {
    void this.call()
    await this.pass(10)
    for (const server of this.servers) server.asked.length = 0
  }

  async pass(ms: number): Promise<void> {
    await this.environment.pass(ms)
  }

  /** The process of a server ends: its connections are lost, new ones refused. */
  kill(id: number): void {
    this.environment.network.kill(peerAddress(id))
  }

  /** The open connections to a server, the oldest first. */
  wires(id: number): Wire[] {
    return this.environment.network.wiresTo(peerAddress(id))
  }

  /** Calls that are not over by now fail. */
  async close(): Promise<void> {
    const closed = this.client.close({ timeoutMs: 0 })
    await this.pass(0)
    await closed
  }
}

/** What has become of a call: the node of its id, the code of its error, or nothing yet. */
export function nodeOrCode(promise: Promise<bigint>): number | string | undefined {
  const outcome = outcomeOf({ promise })
  return typeof outcome === "bigint" ? nodeOfId(outcome) : outcome
}
