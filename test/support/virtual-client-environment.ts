import type { Environment, Timer } from "../../client-sdk/environment.ts"
import type { Dial } from "../../client-sdk/socket.ts"
import type { PeerSocket } from "../../server/net/dial.ts"
import { VirtualNetwork } from "./virtual-network.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"

/** What the client SDK runs in, with virtual time and a virtual network. */
export class VirtualClientEnvironment implements Environment {
  readonly environment: VirtualEnvironment
  readonly network: VirtualNetwork
  /** Timers that are set and not yet fired. */
  timers = 0
  /** Timers that were set so far. */
  timersSet = 0
  /** The sockets take no more for now: each write is answered with false. */
  isFull = false
  /** What a socket was told last. */
  isRef = true
  readonly #drained = new Set<() => void>()

  /** @param seed of the random numbers */
  constructor(seed = 1) {
    this.environment = new VirtualEnvironment(undefined, seed)
    this.network = new VirtualNetwork(this.environment)
  }

  monotonicMs(): number {
    return this.environment.monotonicMs()
  }

  wallMs(): number {
    return this.environment.wallMs()
  }

  random(): number {
    return this.environment.random()
  }

  after(delayMs: number, run: () => void): Timer {
    let isSet = true
    const unset = (): void => {
      if (isSet) this.timers--
      isSet = false
    }
    this.timers++
    this.timersSet++
    const timer = this.environment.after(delayMs, () => {
      unset()
      run()
    })
    return {
      cancel() {
        unset()
        timer.cancel()
      },
    }
  }

  afterInBackground(delayMs: number, run: () => void): Timer {
    return this.after(delayMs, run)
  }

  afterReads(run: () => void): void {
    this.environment.after(0, run)
  }

  /** The sockets take more again. */
  drain(): void {
    this.isFull = false
    for (const drained of this.#drained) drained()
  }

  readonly dial: Dial = (address, _tls, events) => {
    if (!("host" in address)) throw new Error("there are no unix sockets here")
    let socket: PeerSocket | undefined
    let isDestroyed = false
    const drained = (): void => events.drained()
    this.network.dial(address, {
      opened: (opened) => {
        if (isDestroyed) {
          opened.terminate()
          return
        }
        socket = opened
        this.#drained.add(drained)
        events.opened()
      },
      data: (chunk) => events.data(chunk),
      drained,
      closed: (reason) => {
        this.#drained.delete(drained)
        if (!isDestroyed) events.closed(reason, undefined)
      },
    })
    return {
      write: (bytes) => {
        socket?.write(bytes, 0, bytes.length)
        return !this.isFull
      },
      setRef: (isRef) => void (this.isRef = isRef),
      destroy: () => {
        isDestroyed = true
        this.#drained.delete(drained)
        socket?.terminate()
      },
    }
  }

  /** Lets time pass, and after every event what was put off to the end of its turn. */
  async pass(ms: number): Promise<void> {
    const { environment } = this
    const endMs = environment.monotonicMs() + ms
    await turnEnd()
    for (;;) {
      const { nextTimerMs } = environment
      const leftMs = endMs - environment.monotonicMs()
      if (nextTimerMs === undefined || nextTimerMs > leftMs) {
        environment.advance(Math.max(0, leftMs))
        return
      }
      environment.advance(Math.max(0, nextTimerMs))
      await turnEnd()
    }
  }
}

/** All that was put off to the end of this turn has been done. */
async function turnEnd(): Promise<void> {
  await new Promise(setImmediate)
}
