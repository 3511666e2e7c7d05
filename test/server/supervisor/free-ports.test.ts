import { expect, test } from "bun:test"
import { FreePorts } from "../../../server/supervisor/free-ports.ts"
import { seededRandom } from "../../support/virtual-environment.ts"

function take(ports: FreePorts, count: number): number[] {
  return Array.from({ length: count }, () => ports.take())
}

test("each port is given once, can be listened on, and lies below the outgoing ones", () => {
  using ports = new FreePorts(40, Math.random)
  const taken = take(ports, 40)
  expect(new Set(taken).size).toBe(40)
  for (const port of taken) {
    expect(port).toBeWithin(20_000, 32_000)
    using _ = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } })
  }
})

test("two that look for ports at the same time get none in common", () => {
  const seed = Date.now()
  using first = new FreePorts(20, seededRandom(seed))
  using second = new FreePorts(20, seededRandom(seed))
  const taken = [...take(first, 20), ...take(second, 20)]
  expect(new Set(taken).size).toBe(40)
})

test("a port that somebody else listens on is left out", () => {
  const seed = Date.now() + 1
  let port: number
  {
    using ports = new FreePorts(1, seededRandom(seed))
    port = ports.take()
  }
  using _ = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } })
  using ports = new FreePorts(15, seededRandom(seed))
  expect(take(ports, 15)).not.toContain(port)
})
