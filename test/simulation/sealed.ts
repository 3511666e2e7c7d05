/** What the server may come by only through its runtime: the same names at both ends. */
const DOORS: readonly (readonly [holder: object, name: string])[] = [
  [Date, "now"],
  [performance, "now"],
  [Math, "random"],
  [crypto, "getRandomValues"],
  [crypto, "randomUUID"],
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "setImmediate"],
]

/**
 * Runs `work` in a world without time and chance of its own: whoever reaches for the real ones gets
 * an error. What is decided by them could not be replayed.
 */
export function sealed(work: () => void): void {
  const originals = DOORS.map(([holder, name]) => Object.getOwnPropertyDescriptor(holder, name))
  for (const [holder, name] of DOORS) {
    const value = (): never => {
      throw new Error(`${name} was called in a simulation, which has its own`)
    }
    Object.defineProperty(holder, name, { value, configurable: true, writable: true })
  }
  try {
    work()
  } finally {
    for (const [i, [holder, name]] of DOORS.entries()) {
      const original = originals[i]
      if (original === undefined) Reflect.deleteProperty(holder, name)
      else Object.defineProperty(holder, name, original)
    }
  }
}
