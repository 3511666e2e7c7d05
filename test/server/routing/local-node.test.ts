import { describe, expect, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Status, keyHash, refusalText } from "../../../protocol/index.ts"
import { Exchange, Outcome } from "../../../server/exchange.ts"
import { LocalNode } from "../../../server/routing/local-node.ts"
import { FakeServer, START_NUMBER } from "../../support/fake-client.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { NODE_ID, VirtualNode } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

const LOCAL = 1
const NODE = 2
const RANDOM = 3
const KEY = 4
const FORWARDED = 1

interface Answer {
  readonly status: Status
  readonly value: bigint
}

function ask(
  { local }: FakeServer,
  op: number,
  flags = 0,
  count = op > KEY ? 0 : 1,
  target = 0,
): Answer | "WAIT" {
  const exchange = Object.assign(new Exchange(), { op, flags, count, target })
  local.begin()
  const outcome = local.answer(exchange)
  if (outcome === Outcome.WAIT) return "WAIT"
  const { status, high, low } = exchange
  expect(outcome).toBe(status)
  const value = (BigInt(high) << 32n) + BigInt(low)
  return { status, value }
}

/** A refusal as people are told it. */
function textOf({ status, value }: Answer): string {
  return refusalText({ status, high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) })
}

function valueOf(answer: Answer | "WAIT"): bigint {
  if (answer === "WAIT" || answer.status !== Status.OK) throw new Error(Bun.inspect(answer))
  return answer.value
}

function failing(node: VirtualNode): FakeServer {
  node.takeBlock()
  node.store.failure = new Error("disk full")
  node.environment.advance(10_000)
  node.takeAll(4_096)
  return new FakeServer(node)
}

function behind(leadMs: number): FakeServer {
  const environment = new VirtualEnvironment()
  return new FakeServer(
    new VirtualNode({ environment, store: new MemoryStore(environment, leadMs) }),
  )
}

describe("ids of this node are the answer", () => {
  test.each([
    ["LOCAL", LOCAL, 0],
    ["RANDOM", RANDOM, 0],
    ["KEY", KEY, keyHash("order-42")],
    ["KEY of hash 0", KEY, 0],
    ["NODE of this node", NODE, NODE_ID],
  ])("to %s, forwarded or not", (_, op, target) => {
    const server = new FakeServer()
    const ids = [0, FORWARDED].map((flags) => valueOf(ask(server, op, flags, 10, target)))
    expect((ids[0]! >> 12n) & 1_023n).toBe(BigInt(NODE_ID))
    expect(ids[0]! >> 22n).toBe(BigInt(SOME_TIME))
    expect(ids[1]!).toBe(ids[0]! + 10n)
  })

  test("for up to 4,096 at a time", () => {
    const id = valueOf(ask(new FakeServer(), LOCAL, 0, 4_096))
    expect(id % 4_096n).toBe(0n)
  })

  test("later, when this millisecond's are used up", () => {
    const server = new FakeServer()
    for (let i = 0; i < 12; i++) ask(server, LOCAL, 0, 4_096)
    expect(ask(server, LOCAL, 0, 4_096)).toBe("WAIT")
    expect(ask(server, 5)).not.toBe("WAIT")
    server.node.environment.advance(1)
    expect(ask(server, LOCAL, 0, 4_096)).toMatchObject({ status: Status.OK })
  })
})

describe("another node as the target", () => {
  test.each([0, NODE_ID + 1, 1_023, 1_024, 0xffff_ffff])("%d is unknown", (target) => {
    expect(ask(new FakeServer(), NODE, 0, 1, target)).toEqual({
      status: Status.UNKNOWN_NODE,
      value: BigInt(target),
    })
  })

  test("of a forwarded request is told which node this is", () => {
    expect(ask(new FakeServer(), NODE, FORWARDED, 1, NODE_ID + 1)).toEqual({
      status: Status.WRONG_NODE,
      value: BigInt(NODE_ID),
    })
  })

  test("takes no id", () => {
    const server = new FakeServer()
    const first = valueOf(ask(server, LOCAL))
    ask(server, NODE, 0, 100, 3)
    expect(valueOf(ask(server, LOCAL))).toBe(first + 1n)
  })
})

describe("what is no id", () => {
  test("PING is answered with the node id and the number drawn at the start", () => {
    const server = new FakeServer()
    const value = (BigInt(NODE_ID) << 48n) + START_NUMBER
    for (const flags of [0, FORWARDED]) expect(valueOf(ask(server, 5, flags))).toBe(value)
  })

  test("PING tells two starts apart, and 0 and 2^48-1 are both possible", () => {
    const { generator } = new VirtualNode()
    for (const [random, start] of [
      [0, 0n],
      [1 - 2 ** -53, 2n ** 48n - 1n],
    ] as const) {
      const local = new LocalNode(1_023, 0, generator, () => random)
      const exchange = Object.assign(new Exchange(), { op: 5 })
      local.answer(exchange)
      const value = (BigInt(exchange.high) << 32n) + BigInt(exchange.low)
      expect(value).toBe((1_023n << 48n) + start)
    }
  })

  test("EPOCH and CLOCK are answered in Unix milliseconds", () => {
    const server = new FakeServer()
    expect(valueOf(ask(server, 6))).toBe(BigInt(DEFAULT_EPOCH_MS))
    expect(valueOf(ask(server, 7))).toBe(BigInt(DEFAULT_EPOCH_MS + SOME_TIME))
    server.node.environment.stepWall(-5_000)
    expect(valueOf(ask(server, 7))).toBe(BigInt(DEFAULT_EPOCH_MS + SOME_TIME - 5_000))
  })

  test("is answered while ids are refused, too", () => {
    for (const server of [failing(new VirtualNode()), behind(SOME_TIME + 60_000)]) {
      for (const op of [5, 6, 7]) expect(ask(server, op)).toMatchObject({ status: Status.OK })
    }
  })
})

describe("a refusal carries its detail, and has a sentence for people", () => {
  test("CLOCK_BEHIND: the milliseconds that are left", () => {
    const server = behind(SOME_TIME + 10_000 + 5_001)
    const answer = ask(server, LOCAL) as Answer
    expect(answer).toEqual({ status: Status.CLOCK_BEHIND, value: 5_000n })
    expect(textOf(answer)).toContain("ids are back in 5000 ms")
  })

  test("CLOCK_BEHIND by more than 32 bits of milliseconds", () => {
    const server = behind(SOME_TIME + 10_001 + 2 ** 40)
    expect(ask(server, LOCAL)).toEqual({ status: Status.CLOCK_BEHIND, value: 2n ** 40n })
  })

  test("NOT_READY: 0", () => {
    const server = failing(new VirtualNode())
    const answer = ask(server, LOCAL) as Answer
    expect(answer).toEqual({ status: Status.NOT_READY, value: 0n })
    expect(textOf(answer)).toContain("cannot store its mark")
  })

  test("UNKNOWN_NODE: the node asked for", () => {
    const server = new FakeServer()
    const answer = ask(server, NODE, 0, 1, 900) as Answer
    expect(textOf(answer)).toBe("node 900 is not in this cluster")
  })

  test("BAD_REQUEST: where it goes wrong, whatever else is the matter", () => {
    const bad = (op: number, flags: number, count: number, target: number): unknown => {
      return ask(failing(new VirtualNode()), op, flags, count, target)
    }
    expect(bad(0, 0, 1, 0)).toEqual({ status: Status.BAD_REQUEST, value: 0n })
    expect(bad(LOCAL, 2, 1, 0)).toEqual({ status: Status.BAD_REQUEST, value: 1n })
    expect(bad(LOCAL, 0, 4_097, 0)).toEqual({ status: Status.BAD_REQUEST, value: 2n })
    expect(bad(LOCAL, 0, 1, 1)).toEqual({ status: Status.BAD_REQUEST, value: 4n })
  })
})

test("a node id that no id has room for is a mistake that shows", () => {
  expect(() => new LocalNode(1_024, 0, new VirtualNode().generator, () => 0)).toThrow("1024")
})
