import { expect, test } from "bun:test"
import { HeldBytes, HeldShare } from "../../../server/transport/held-bytes.ts"

const MIB = 1024 * 1024

class Holders {
  readonly kept = new HeldBytes()
  readonly clients: { readonly name: string; readonly held: HeldShare }[] = []
  readonly closed: string[] = []

  constructor() {
    this.kept.overflowed = () => {
      for (const { name, held } of this.kept.victims(this.clients)) {
        this.closed.push(name)
        held.set(0)
      }
    }
  }

  hold(name: string, bytes: number): HeldShare {
    const held = new HeldShare(this.kept)
    this.clients.push({ name, held })
    held.set(bytes)
    return held
  }
}

test("nobody is closed up to 32 MiB, whatever the clients hold", () => {
  const holders = new Holders()
  holders.hold("large", 31 * MIB)
  holders.hold("small", MIB)
  expect(holders.closed).toEqual([])
})

test("those with most are closed, until 24 MiB are left", () => {
  const holders = new Holders()
  holders.hold("small", 1)
  holders.hold("8", 8 * MIB)
  holders.hold("10", 10 * MIB)
  holders.hold("9", 9 * MIB)
  expect(holders.closed).toEqual([])
  holders.hold("6", 6 * MIB)
  expect(holders.closed).toEqual(["10"])
})

test("of those that hold as much, the last is closed", () => {
  const holders = new Holders()
  for (const name of ["a", "b", "c", "d", "e"]) holders.hold(name, 7 * MIB)
  expect(holders.closed).toEqual(["e", "d"])
})

test("what is let go of is counted no more", () => {
  const holders = new Holders()
  const one = holders.hold("one", 30 * MIB)
  for (let i = 0; i < 10; i++) {
    one.set(MIB)
    one.set(31 * MIB)
  }
  expect(holders.closed).toEqual([])
  one.set(33 * MIB)
  expect(holders.closed).toEqual(["one"])
  one.set(32 * MIB)
  expect(holders.closed).toEqual(["one"])
})
