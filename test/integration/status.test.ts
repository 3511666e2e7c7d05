import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { runFirn } from "../support/firn-process.ts"
import type { Outcome } from "../support/firn-process.ts"
import { SAMPLE_STATUS } from "../support/sample-status.ts"

setDefaultTimeout(30_000)

/** What `firn status` prints when a server answers so. */
async function statusOf(answer: () => Response, ...args: string[]): Promise<Outcome> {
  using ports = new FreePorts(1, Math.random)
  const server = Bun.serve({ hostname: "127.0.0.1", port: ports.take(), fetch: answer })
  try {
    const address = `127.0.0.1:${server.port}`
    const outcome = await runFirn(["status", "--server", address, ...args])
    return { ...outcome, stderr: outcome.stderr.replace(address, "ADDRESS") }
  } finally {
    await server.stop(true)
  }
}

test("firn status --json prints what the node said", async () => {
  const { exit, stdout } = await statusOf(() => Response.json(SAMPLE_STATUS), "--json")
  expect([exit, JSON.parse(stdout)]).toEqual([0, SAMPLE_STATUS as never])
})

test("firn status shows the node and what it sees of the others", async () => {
  expect(await statusOf(() => Response.json(SAMPLE_STATUS))).toEqual({
    exit: 0,
    stdout: `\
node          7
epoch         2026-01-01T00:00:00.000Z (1767225600000)
signed until  2095-09-07T15:47:35.552Z  (ids above that need an unsigned 64-bit type)
ids until     2165-05-15T07:35:11.104Z  (138.5 years)
clock lead    3 ms
ready         yes

peer  address         state  skew          round trip
1     127.0.0.1:6455  up     -0.3 ±1.8 ms  1.5 ms
2     127.0.0.1:6456  down   -             -           nothing listens there
`,
    stderr: "",
  })
})

test("firn status says why a node that is alone is not ready", async () => {
  const status = { ...SAMPLE_STATUS, unready: "NOT_READY: why", peers: [] }
  const { exit, stdout } = await statusOf(() => Response.json(status))
  expect(exit).toBe(0)
  expect(stdout).toEndWith("\nready         no: NOT_READY: why\n")
})

describe("firn status refuses", () => {
  const { epochMs: _, ...withoutEpoch } = SAMPLE_STATUS

  test.each<[string, () => Response, string]>([
    [
      "another answer than 200",
      () => new Response("", { status: 404 }),
      "ADDRESS answered 404: is it a Firn node?",
    ],
    [
      "a page",
      () => new Response("<html>"),
      "ADDRESS answered, but not as a Firn node does: it is not JSON",
    ],
    [
      "other JSON",
      () => Response.json(["a"]),
      "ADDRESS answered, but not as a Firn node does: it is not an object",
    ],
    [
      "a status that lacks something",
      () => Response.json(withoutEpoch),
      "ADDRESS answered, but not as a Firn node does: epochMs is missing",
    ],
  ])("%s", async (_name, answer, message) => {
    expect(await statusOf(answer)).toEqual({ exit: 1, stdout: "", stderr: `error: ${message}\n` })
  })

  test("an address where nobody listens", async () => {
    using ports = new FreePorts(1, Math.random)
    const address = `127.0.0.1:${ports.take()}`
    const { exit, stdout, stderr } = await runFirn(["status", "--server", address])
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toStartWith(`error: cannot reach ${address}: `)
  })
})
