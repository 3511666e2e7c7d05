import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Op, Status } from "../../../../protocol/index.ts"
import { ClusterServer, TIMEOUT_MS } from "../../../support/cluster-server.ts"
import { FakeClient } from "../../../support/fake-client.ts"
import { nodeOfId, peerAddress } from "../../../support/fake-peer.ts"
import { expectDistinct } from "../../../support/ids.ts"
import { requests } from "../../../support/tcp-client.ts"
import type { Answer, RequestFields } from "../../../support/tcp-client.ts"
import { NODE_ID } from "../../../support/virtual-node.ts"

interface Expectation {
  readonly request: RequestFields
  /** The status, or the node that the id is of. */
  readonly outcome: string
}

function outcomeOf({ status, value }: Answer): string {
  if (status === Status.OK) return `node ${nodeOfId(value)}`
  return `status ${status} ${value}`
}

/** Requests whose answers tell them apart: an unknown node is answered with its number. */
const kinds: fc.Arbitrary<Expectation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ request: { op: Op.LOCAL }, outcome: `node ${NODE_ID}` }) },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((target) => ({ request: { op: Op.NODE, target }, outcome: `node ${target}` })),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 10, max: 1_000_000 }).map((target) => ({
      request: { op: Op.NODE, target },
      outcome: `status ${Status.UNKNOWN_NODE} ${target}`,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      request: { op: Op.LOCAL, count: 0 },
      outcome: `status ${Status.BAD_REQUEST} 2`,
    }),
  },
)

describe("answers to local and remote requests on one connection", () => {
  test("come in the order of the requests, whenever each of them is there", () => {
    const mixes = fc.array(kinds, { minLength: 1, maxLength: 80 })
    const cuts = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 20 })
    const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(mixes, cuts, seeds, (mix, sizes, seed) => {
        const server = new ClusterServer([1, 2, 3], 1 + (seed % 2))
        const { random } = server.environment
        for (const fake of server.fakes.values()) {
          fake.behaviour = ({ count }) => ({
            ...fake.ids(count),
            delayMs: Math.floor(random() * 40),
          })
        }
        const client = new FakeClient(server)
        const bytes = requests(mix.map(({ request }) => request))
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + (sizes[i] ?? bytes.length)
          client.send(bytes.subarray(at, end))
          server.environment.advance(Math.floor(random() * 5))
          at = end
        }
        server.environment.advance(200)
        expect(client.answers.map(outcomeOf)).toEqual(mix.map(({ outcome }) => outcome))
        const ids = client.answers.filter(({ status }) => status === Status.OK)
        expectDistinct([ids.map(({ value }) => value)])
      }),
      { numRuns: 200 },
    )
  })

  test("are all there when peers fail in every way, and none is there twice", () => {
    const ways = fc.array(fc.constantFrom("answer", "refuse", "hold", "close", "lie"), {
      minLength: 1,
      maxLength: 60,
    })
    const ops = fc.array(fc.constantFrom(Op.LOCAL, Op.RANDOM, Op.KEY, Op.NODE), {
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(ways, ops, (plan, mix) => {
        const server = new ClusterServer([1, 2, 3])
        for (const fake of server.fakes.values()) {
          fake.behaviour = ({ count }) => {
            const way = plan[Math.floor(server.environment.random() * plan.length)]
            if (way === "hold") return "HOLD"
            if (way === "close") return "CLOSE"
            if (way === "refuse") return { status: Status.OVERLOADED, value: 5n }
            return way === "lie" ? { status: Status.OK, value: 9n << 12n } : fake.ids(count)
          }
        }
        const client = new FakeClient(server)
        const targets: Record<number, number> = { [Op.NODE]: 2, [Op.KEY]: 77 }
        client.send(requests(mix.map((op) => ({ op, target: targets[op] ?? 0 }))))
        server.environment.advance(TIMEOUT_MS + 30)
        expect(client.answers.length).toBe(mix.length)
        for (const [i, op] of mix.entries()) {
          if (op !== Op.NODE) expect(client.answers[i]!.status).toBe(Status.OK)
        }
        server.environment.advance(10_000)
        expect(client.answers.length).toBe(mix.length)
      }),
      { numRuns: 100 },
    )
  })

  test("are one write when they come together, and one more for those before the first remote", () => {
    const server = new ClusterServer([1])
    server.connect()
    const client = new FakeClient(server)
    const remote: RequestFields = { op: Op.NODE, target: 1 }
    client.send(requests([{}, {}, remote, {}, remote, remote, {}]))
    expect(client.writes).toEqual([18])
    server.environment.advance(5)
    expect(client.writes).toEqual([18, 45])
  })

  test("of 1,000 requests in flight to a node that is killed are all there, in order", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    server.fake(1).behaviour = () => "HOLD"
    const client = new FakeClient(server)
    const kindsOf: RequestFields[] = [
      { op: Op.NODE, target: 1 },
      { op: Op.NODE, target: 2 },
      { op: Op.LOCAL },
      { op: Op.NODE, target: 500 },
    ]
    client.send(requests(Array.from({ length: 4_000 }, (_, i) => kindsOf[i % 4]!)))
    server.environment.advance(20)
    expect(client.answers.length).toBe(0)
    server.network.kill(peerAddress(1))
    server.environment.advance(5)
    const expected = ["status 3 1", "node 2", `node ${NODE_ID}`, "status 2 500"]
    expect(client.answers.map(outcomeOf)).toEqual(
      Array.from({ length: 4_000 }, (_, i) => expected[i % 4]!),
    )
  })

  test("wait for this node's next ids as well, in their turn", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.node.takeAll(4_096)
    const client = new FakeClient(server)
    const block: RequestFields = { op: Op.LOCAL, count: 4_096 }
    client.send(requests([{ op: Op.NODE, target: 1 }, block, { op: Op.NODE, target: 1 }, block]))
    server.environment.advance(30)
    expect(client.answers.map(outcomeOf)).toEqual(["node 1", "node 7", "node 1", "node 7"])
    expect(client.paused).toBe(false)
  })
})
