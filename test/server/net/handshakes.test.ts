import { expect, test } from "bun:test"
import { Handshakes } from "../../../server/net/handshakes.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const TIMEOUT_MS = 5_000
/** So many are begun in a turn. */
const BEGUN_PER_TURN = 4

/** Turns of the event loop, which end when a test says so. */
class Turns extends VirtualEnvironment {
  readonly #due: (() => void)[] = []
  override soon(run: () => void): void {
    this.#due.push(run)
  }
  endTurn(): void {
    for (const run of this.#due.splice(0)) run()
  }
}

class FakeSocket {
  isPaused = false
  isClosed = false
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  terminate(): void {
    this.isClosed = true
  }
}

function begun(count: number) {
  const environment = new Turns()
  const handshakes = new Handshakes(environment, TIMEOUT_MS)
  const sockets = Array.from({ length: count }, () => new FakeSocket())
  for (const socket of sockets) handshakes.begin(socket)
  const reading = (): number => sockets.filter(({ isPaused }) => !isPaused).length
  return { environment, handshakes, sockets, reading }
}

test("a few are begun in a turn, in the order in which they came, and then all", () => {
  const { environment, sockets, reading } = begun(10)
  for (const expected of [4, 8, 10, 10]) {
    expect(reading()).toBe(expected)
    expect(sockets.slice(0, expected).every(({ isPaused }) => !isPaused)).toBe(true)
    environment.endTurn()
  }
})

test("who has gone is not begun, and takes nobody's turn", () => {
  const { environment, handshakes, sockets, reading } = begun(10)
  const waiting = sockets.slice(BEGUN_PER_TURN)
  for (const socket of waiting.slice(0, 4)) expect(handshakes.end(socket)).toBe(true)
  environment.endTurn()
  expect(waiting.map(({ isPaused }) => isPaused)).toEqual([true, true, true, true, false, false])
  expect(reading()).toBe(6)
})

test("one that comes later is begun at once when nobody waits", () => {
  const { environment, handshakes } = begun(1)
  environment.endTurn()
  environment.endTurn()
  const late = new FakeSocket()
  handshakes.begin(late)
  expect(late.isPaused).toBe(false)
})

test("those that take too long are closed, the others are not", () => {
  const { environment, handshakes, sockets } = begun(3)
  expect(handshakes.end(sockets[1]!)).toBe(true)
  environment.advance(TIMEOUT_MS - 1)
  const late = new FakeSocket()
  handshakes.begin(late)
  expect(handshakes.closeOverdue()).toBe(0)
  environment.advance(1)
  expect(handshakes.closeOverdue()).toBe(2)
  expect([...sockets, late].map(({ isClosed }) => isClosed)).toEqual([true, false, true, false])
  // Its handshake is over: nothing that comes of it counts.
  expect(handshakes.end(sockets[0]!)).toBe(false)
  handshakes.closeAll()
  expect(late.isClosed).toBe(true)
})
