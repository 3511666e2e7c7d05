import { expect, test } from "bun:test"
import fc from "fast-check"
import { Op, Status } from "../../../protocol/index.ts"
import { ClusterServer, TIMEOUT_MS } from "../../support/cluster-server.ts"
import type { OneAsker } from "../../support/cluster-server.ts"
import { nodeOfId, peerAddress } from "../../support/fake-peer.ts"
import { expectDistinct } from "../../support/ids.ts"

const NODES = [1, 2, 3, 4]
const nodeIds = fc.constantFrom(...NODES)

/** What a peer does from some moment on. */
const moods = fc.constantFrom(
  "answers",
  "refuses",
  "is slow",
  "is silent",
  "is deaf",
  "closes",
  "talks garbage",
  "lies",
  "dies",
  "is back",
)
type Mood = typeof moods extends fc.Arbitrary<infer T> ? T : never

const steps = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mood"), nodeId: nodeIds, mood: moods }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("ask"),
      op: fc.constantFrom(Op.NODE, Op.RANDOM, Op.KEY),
      target: fc.integer({ min: 1, max: 4 }),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 0, max: 600 }) }),
  },
)

function setMood(server: ClusterServer, nodeId: number, mood: Mood): void {
  const fake = server.fake(nodeId)
  fake.answersChecks = mood !== "is deaf"
  fake.behaviour = ({ count }) => {
    switch (mood) {
      case "refuses":
        return { status: Status.NOT_READY, value: 0n }
      case "is slow":
        return { ...fake.ids(count), delayMs: 300 }
      case "is silent":
      case "is deaf":
        return "HOLD"
      case "closes":
        return "CLOSE"
      case "talks garbage":
        return Uint8Array.from({ length: 13 }, () => Math.floor(server.environment.random() * 256))
      case "lies":
        return { ...fake.ids(count), value: 9n << 12n }
      default:
        return fake.ids(count)
    }
  }
  if (mood === "dies") server.network.kill(peerAddress(nodeId))
  else if (mood === "is back") fake.listen()
}

test("every request has one answer within its deadline, whatever the peers do", () => {
  fc.assert(
    fc.property(
      fc.array(steps, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 2 }),
      (plan, linksPerPeer) => {
        const server = new ClusterServer(NODES, linksPerPeer)
        const asked: { asker: OneAsker; startMs: number; op: number; target: number }[] = []
        for (const step of plan) {
          if ("mood" in step) setMood(server, step.nodeId, step.mood)
          else if ("ms" in step) server.environment.advance(step.ms)
          else {
            for (let i = 0; i < step.times; i++) {
              const { op } = step
              const target = op === Op.RANDOM ? 0 : step.target
              const startMs = server.environment.monotonicMs()
              asked.push({ asker: server.route(op, target), startMs, op, target })
            }
          }
        }
        server.environment.advance(TIMEOUT_MS + 20)
        const ids: bigint[] = []
        for (const { asker, startMs, op, target } of asked) {
          expect(asker.answers.length).toBe(1)
          const { status, value, atMs } = asker.answers[0]!
          expect(atMs - startMs).toBeLessThanOrEqual(TIMEOUT_MS + (op === Op.NODE ? 10 : 0))
          if (op !== Op.NODE) expect(status).toBe(Status.OK)
          if (status !== Status.OK) continue
          ids.push(value)
          if (op === Op.NODE) expect(nodeOfId(value)).toBe(target)
        }
        expectDistinct([ids])
        server.environment.advance(10_000)
        for (const { asker } of asked) expect(asker.answers.length).toBe(1)
      },
    ),
    { numRuns: 200 },
  )
})
