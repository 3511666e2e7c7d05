/** Bun has ten probes sent, one a second, before a connection is given up. */
const PROBING_MS = 10_000

/** The part of a socket that finds out whether the other side is still there. */
export interface KeptAlive {
  setKeepAlive(enable: boolean, initialDelayMs: number): boolean
}

/** Has a connection closed on which the other side has been silent for so long, probes included. */
export function keepAlive(socket: KeptAlive, silenceMs: number): void {
  socket.setKeepAlive(true, Math.max(1_000, silenceMs - PROBING_MS))
}
