/** What the server may reach only through its environment. */
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
 * Runs `work` without real time and real chance: whoever reaches for them gets an error. What they
 * decide could not be replayed.
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
