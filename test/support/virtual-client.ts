import { checkCallOptions } from "../../client-sdk/call-options.ts"
import type { CallOptions } from "../../client-sdk/call-options.ts"
import { Call } from "../../client-sdk/call.ts"
import { Dispatcher } from "../../client-sdk/dispatcher.ts"
import { EpochAgreement } from "../../client-sdk/epoch-agreement.ts"
import { FirnError } from "../../client-sdk/errors.ts"
import { toBigInt } from "../../client-sdk/halves.ts"
import { resolveOptions } from "../../client-sdk/options.ts"
import type { FirnClientOptions, ServerStateChange } from "../../client-sdk/options.ts"
import { FlushScheduler } from "../../client-sdk/flush-scheduler.ts"
import { FakePeer, nodeOfId, peerAddress } from "./fake-peer.ts"
import { outcomeOf } from "./firn-failure.ts"
import { VirtualClientEnvironment } from "./virtual-client-environment.ts"
import type { Wire } from "./virtual-network.ts"

export interface VirtualClientOptions extends Omit<FirnClientOptions, "servers"> {
  readonly seed?: number
}

/** A dispatcher of the client SDK in virtual time, over fake servers that are numbered from 0. */
export class VirtualClient {
  readonly environment: VirtualClientEnvironment
  readonly servers: readonly FakePeer[]
  readonly dispatcher: Dispatcher
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
    const settings = resolveOptions({ servers: addresses, onStateChange, ...options })
    const { environment } = this
    const flushScheduler = new FlushScheduler(() => environment.monotonicMs())
    const parts = { environment, flushScheduler, epoch: new EpochAgreement() }
    this.dispatcher = new Dispatcher(settings, false, parts)
  }

  /** Makes a call for `count` ids. */
  call(options: CallOptions = {}, count = 1): Call<bigint> {
    const checked = checkCallOptions(options, 5_000)
    const deadlineMs = this.environment.monotonicMs() + checked.timeoutMs
    const observer = { settled: (call: Call): void => call.place?.delete(call) }
    const call = new Call(checked, count, deadlineMs, toBigInt, observer)
    this.dispatcher.dispatch(call, this.environment.monotonicMs())
    return call
  }

  /** Connects to all servers that listen. */
  async connect(): Promise<void> {
    this.call()
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

  close(): void {
    this.dispatcher.close(new FirnError("CLOSED", "the client was closed before the answer came"))
  }
}

/** What has become of a call: the node of its id, the code of its error, or nothing yet. */
export function nodeOrCode(call: Call<bigint>): number | string | undefined {
  const outcome = outcomeOf(call)
  return typeof outcome === "bigint" ? nodeOfId(outcome) : outcome
}
