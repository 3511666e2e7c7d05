import { RESPONSE_SIZE, responseStatus, responseValue } from "../../protocol/index.ts"
import type { ClientSocket } from "../../server/net/listen.ts"
import type { Answer } from "./tcp-client.ts"

/** A socket without a network: it accepts as much as the test lets it, and notes what is done to it. */
export class FakeSocket implements ClientSocket {
  /** `pause`, `resume`, `shutdown`, `end` and `terminate`, in their order. */
  readonly calls: string[] = []
  /** The size of every write as it was asked for. */
  readonly writes: number[] = []
  /** How many bytes of a write are accepted; below 0: the socket is closed. */
  accept: (length: number) => number = (length) => length
  readonly #accepted: Uint8Array[] = []

  get paused(): boolean {
    return this.calls.findLast((call) => call === "pause" || call === "resume") === "pause"
  }

  /** All bytes that were accepted. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#accepted.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of this.#accepted) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  /** The whole answers among them. */
  get answers(): Answer[] {
    const { bytes } = this
    const view = new DataView(bytes.buffer)
    return Array.from({ length: Math.floor(bytes.length / RESPONSE_SIZE) }, (_, i) => {
      const at = i * RESPONSE_SIZE
      return { status: responseStatus(view, at), value: responseValue(view, at) }
    })
  }

  /** Forgets what was accepted so far. */
  forget(): void {
    this.#accepted.length = 0
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.writes.push(length)
    const accepted = Math.min(this.accept(length), length)
    if (accepted > 0) this.#accepted.push(bytes.slice(offset, offset + accepted))
    return accepted
  }

  pause(): void {
    this.calls.push("pause")
  }

  resume(): void {
    this.calls.push("resume")
  }

  shutdown(): void {
    this.calls.push("shutdown")
  }

  end(): void {
    this.calls.push("end")
  }

  terminate(): void {
    this.calls.push("terminate")
  }
}
