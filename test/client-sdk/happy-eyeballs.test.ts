import { describe, expect, test } from "bun:test"
import { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { Race } from "../../client-sdk/happy-eyeballs.ts"
import { addressesOf, inTurns } from "../../client-sdk/lookup.ts"
import { within } from "../support/deadline.ts"

/** An attempt that connects or fails when a test says so. */
class FakeAttempt extends EventEmitter {
  isDestroyed = false

  destroy(): void {
    this.isDestroyed = true
  }
}

/** A race for a name with these addresses, or without any. */
class FakeRace {
  readonly attempts: FakeAttempt[] = []
  readonly opened: string[] = []
  readonly outcome: PromiseWithResolvers<FakeAttempt | Error> = Promise.withResolvers()
  readonly race: Race
  #count: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(addresses: Promise<readonly string[]>) {
    const open = (address: string): Socket => {
      this.opened.push(address)
      const attempt = new FakeAttempt()
      this.attempts.push(attempt)
      this.#count.resolve()
      this.#count = Promise.withResolvers()
      return attempt as unknown as Socket
    }
    this.race = new Race(addresses, open, {
      won: (socket) => this.outcome.resolve(socket as unknown as FakeAttempt),
      lost: (error) => this.outcome.resolve(error),
    })
  }

  /** Waits until so many addresses are being tried. */
  async tries(count: number): Promise<void> {
    while (this.attempts.length < count) await within("an attempt", this.#count.promise)
  }
}

function listOf(...list: string[]): Promise<readonly string[]> {
  return Promise.resolve(list)
}

describe("of the addresses of a name", () => {
  test("one that is slow is not given up when the next is tried", async () => {
    const race = new FakeRace(listOf("::1", "127.0.0.1", "127.0.0.2"))
    await race.tries(2)
    expect(race.attempts[0]!.isDestroyed).toBe(false)
    race.attempts[0]!.emit("connect")
    expect(await race.outcome.promise).toBe(race.attempts[0]!)
    expect(race.attempts.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true])
    expect(race.opened).toEqual(["::1", "127.0.0.1"])
  })

  test("the next is tried at once when one fails, and the last failure is told", async () => {
    const race = new FakeRace(listOf("a", "b"))
    await race.tries(1)
    race.attempts[0]!.emit("error", new Error("first"))
    await race.tries(2)
    race.attempts[1]!.emit("error", new Error("last"))
    expect(await race.outcome.promise).toMatchObject({ message: "last" })
  })

  test("none is tried when the race is over", async () => {
    const race = new FakeRace(listOf("a", "b"))
    await race.tries(1)
    race.race.stop()
    expect(race.attempts[0]!.isDestroyed).toBe(true)
    race.attempts[0]!.emit("error", new Error("late"))
    expect(race.opened).toEqual(["a"])
  })

  test("a name that is not known is told as the system says it", async () => {
    const race = new FakeRace(Promise.reject(new Error("unknown")))
    expect(await race.outcome.promise).toMatchObject({ message: "unknown" })
    const empty = new FakeRace(listOf())
    expect(await empty.outcome.promise).toMatchObject({ message: "the name has no address" })
  })
})

describe("a name", () => {
  test("is looked up once, however many ask for it meanwhile", async () => {
    const [one, other] = await Promise.all([addressesOf("localhost"), addressesOf("localhost")])
    expect(one).toBe(other)
    expect(one.length).toBeGreaterThan(0)
  })

  test("has its addresses in turns of the two families, the system's first first", () => {
    const v6 = ["a", "b", "c"].map((address) => ({ address, family: 6 }))
    const v4 = ["1", "2"].map((address) => ({ address, family: 4 }))
    expect(inTurns([...v6, ...v4])).toEqual(["a", "1", "b", "2", "c"])
    expect(inTurns([...v4, ...v6])).toEqual(["1", "a", "2", "b", "c"])
    expect(inTurns(v4)).toEqual(["1", "2"])
    expect(inTurns([])).toEqual([])
  })
})
