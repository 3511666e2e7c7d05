import { describe, expect, test } from "bun:test"
import { Status } from "../../../protocol/index.ts"
import { STAND_MS } from "../../../server/generator/trusted-clock.ts"
import { VirtualNode } from "../../support/virtual-node.ts"
import { SOME_TIME } from "../../support/virtual-environment.ts"

const DAY_MS = 86_400_000
const CONTRADICTED = { agreeing: 0, contradicting: 3 }

describe("a clock that is a day ahead for half a second", () => {
  test("leaves no trace: ids go on, at their time, and nobody is refused then or later", () => {
    const node = new VirtualNode()
    const right = (): number => node.environment.time
    node.takeBlock()
    node.environment.stepWall(DAY_MS)
    for (let ms = 0; ms < 500; ms++) {
      expect(node.takeBlock().time).toBe(right() - DAY_MS)
      node.environment.advance(1)
    }
    node.environment.stepWall(-DAY_MS)
    for (let ms = 0; ms < 500; ms++) {
      expect(node.takeBlock().time).toBe(right())
      node.environment.advance(1)
    }
    expect(node.store.mark - right()).toBeLessThanOrEqual(3_000)
  })

  test("takes no mark along, though it is ahead again and again", () => {
    const node = new VirtualNode()
    for (let glitch = 0; glitch < 100; glitch++) {
      node.environment.stepWall(DAY_MS * glitch)
      node.idle(500)
      node.takeAll(4_096)
      node.environment.stepWall(-DAY_MS * glitch)
      node.environment.advance(20)
      expect(node.takeBlock().time).toBe(node.environment.time)
    }
    expect(Math.max(...node.store.asked) - node.environment.time).toBeLessThanOrEqual(3_000)
  })
})

describe("a clock that leaps a day ahead and stays there", () => {
  test("is followed after 5 s, by a write of the mark", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.environment.stepWall(DAY_MS)
    node.idle(STAND_MS - 250)
    expect(node.takeBlock().time).toBe(node.environment.time - DAY_MS)
    node.idle(500)
    expect(node.takeBlock().time).toBe(node.environment.time)
    expect(node.store.mark).toBeGreaterThan(node.environment.time + 2_000)
  })

  test("is never followed while peers contradict it, and the burst and the pace are as ever", () => {
    const node = new VirtualNode()
    node.takeBlock(4_096)
    node.environment.stepWall(DAY_MS)
    node.idle(60_000, CONTRADICTED)
    const { blocks, end } = node.takeAll(4_096)
    expect(blocks.map(({ time }) => time)).toEqual(
      Array.from({ length: 11 }, (_, i) => SOME_TIME + 60_000 + i),
    )
    expect(end).toBe("WAIT")
    node.environment.advance(2)
    expect(node.takeAll(4_096).blocks.length).toBe(2)
    expect(node.generator.leadMs).toBe(10)
    expect(node.generator.refusal()).toBe(Status.OK)
  })

  test("is what CLOCK answers all the same: it is the wall clock", () => {
    const node = new VirtualNode()
    node.begin()
    const { wallMs } = node.generator
    node.environment.stepWall(DAY_MS)
    node.begin()
    expect(node.generator.wallMs).toBe(wallMs + DAY_MS)
  })
})

test("a node that starts with a clock that peers contradict gives out nothing and stores nothing", () => {
  const node = new VirtualNode()
  node.takeBlock()
  node.environment.stepWall(DAY_MS)
  const mark = node.crashContradicted()
  node.idle(60_000, CONTRADICTED)
  expect([node.take(), node.generator.refusal()]).toEqual(["NOT_READY", Status.NOT_READY])
  expect([node.store.asked, node.store.mark]).toEqual([[], mark])
  expect([node.generator.leadMs, node.generator.ended, node.generator.stop()]).toEqual([
    0,
    false,
    mark,
  ])
})

test("it has ids when the clock is right, from the mark on", () => {
  const node = new VirtualNode()
  node.takeBlock()
  node.environment.stepWall(DAY_MS)
  const mark = node.crashContradicted()
  node.idle(5_000, CONTRADICTED)
  node.environment.stepWall(-DAY_MS)
  const { time } = node.takeBlock()
  expect(time).toBe(node.environment.time)
  expect(time).toBeGreaterThanOrEqual(mark)
})
