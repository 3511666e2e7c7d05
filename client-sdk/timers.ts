// As they are when this is loaded: fake timers that a test installs later must not stop a client.
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate

/** Monotonic milliseconds from an arbitrary start. */
export const monotonicMs: () => number = performance.now.bind(performance)
/** Unix milliseconds. */
export const wallMs: () => number = Date.now
