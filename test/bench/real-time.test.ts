import { expect, test } from "bun:test"
import { readFileSync, readdirSync } from "node:fs"
import { RealTime } from "../../bench/machine/real-time.ts"
import { testAllowed } from "../support/privileges.ts"

/** Where /proc/PID/task/TID/stat has the policy, counted from the field behind the name. */
const POLICY = 38
const OTHER = "0"
const FIFO = "1"

/** The scheduling policies of the threads of a process. */
function policiesOf(pid: number): Set<string | undefined> {
  const threads = readdirSync(`/proc/${pid}/task`)
  const stats = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))
  return new Set(stats.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[POLICY]))
}

testAllowed("real-time priority")(
  "all threads are given real-time priority for a while",
  async () => {
    // A process of its own: threads of this one come and go.
    await using child = Bun.spawn(["cat"], { stdin: "pipe" })
    {
      using _ = new RealTime(child.pid)
      expect(policiesOf(child.pid)).toEqual(new Set([FIFO]))
    }
    expect(policiesOf(child.pid)).toEqual(new Set([OTHER]))
  },
)

test("real-time priority of a process that is gone is an error with a sentence", async () => {
  const child = Bun.spawn(["true"])
  await child.exited
  expect(() => new RealTime(child.pid)).toThrow(/\w+ \w+/)
})
