import { expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { COUNT_MAX } from "../../protocol/index.ts"
import { nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { FailpointStep, WATCHED_STEPS } from "../fixtures/failpoint-steps.ts"
import { within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { FIRN, FirnProcess } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { ROOT } from "../support/paths.ts"
import { seedAhead, storedMark } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const STEPS = Object.values(FailpointStep)
const KILLS = sized(2, 30) * STEPS.length
/** A process is killed at one of this many writes: the first is that of its start. */
const OCCURRENCE_MAX = 3

/** A millisecond has only one block of this size, so that time is used up as fast as it may be. */
const LOAD = { connections: 16, depth: 1, count: COUNT_MAX / 2 + 1 }
/** How far the time is ahead of the clock at first: then marks are written often, every 50 ms. */
const AHEAD_MS = 4_000

/** How long a store stands still before every other kill: more than what is left of its mark. */
const PAUSE_MS = 150

const PROGRAM = [process.execPath, join(ROOT, "test/fixtures/firn-with-failpoints.ts")]
const ARGS = ["--tcp", "127.0.0.1:0", "--http", "off"]

/** Whether a step comes after the commit: then the new mark has to be there, and else the old one. */
function isCommitted(step: FailpointStep): boolean {
  return step === FailpointStep.AFTER_COMMIT || step === FailpointStep.AFTER_REPORT
}

/** Whether there is a journal that the next start has to roll back. */
async function hasHotJournal(dataDir: string): Promise<boolean> {
  const journal = Bun.file(`${nodeFilePath(dataDir)}-journal`)
  if (!(await journal.exists())) return false
  const magic = await journal.slice(0, 8).bytes()
  return magic.some((byte) => byte !== 0)
}

test("no id comes twice when the process is killed at any step of writing its mark", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  const dataDir = dir.at("node")
  seedAhead(dataDir, 8, AHEAD_MS)
  let hotJournals = 0
  let late = 0
  await repeat("kill at each step of a write", "kills", KILLS, async (kill) => {
    const step = STEPS[kill % STEPS.length]!
    const occurrence = 1 + Math.floor(Math.random() * OCCURRENCE_MAX)
    record.newLife("node")
    const args = ["start", "--node-id", "8", "--data-dir", dataDir, ...ARGS]
    const pauseMs = Math.floor(kill / STEPS.length) % 2 === 0 ? PAUSE_MS : 0
    const env = { FIRN_FAILPOINT: `${step}:${occurrence}:${pauseMs}` }
    await using node = new FirnProcess(args, { env, program: PROGRAM })
    const listening = await node.waitForLog("listening").catch(() => undefined)
    // There is no load when the process is killed at the write of its start.
    using load = listening && (await Load.start(String(listening["tcp"]), { ...LOAD, record }))
    expect(await within(`the end at ${step}`, node.exit)).toBe("SIGKILL")
    await load?.closed()

    const [line] = node.logged("failpoint")
    expect(line).toMatchObject({ step })
    if (await hasHotJournal(dataDir)) hotJournals++
    const mark = storedMark(dataDir)
    const { before, mark: after } = line as unknown as { before: number; mark: number }
    // A commit may be faster than the thread that watches it.
    if (WATCHED_STEPS.includes(step) && mark > before) late++
    else expect(mark).toBe(isCommitted(step) ? after : before)
  })
  const { ids, duplicates, overlaps } = record.verify()
  expect(hotJournals).toBeGreaterThan(0)
  report("kill at each step of a write", {
    kills: KILLS,
    steps: STEPS.length,
    "journals to roll back": hotJournals,
    "kills after the commit they were meant for": late,
    ids,
    duplicates,
    overlaps,
  })
})

test("the real program knows no failpoint", async () => {
  using dir = new TempDir()
  const args = ["start", "--node-id", "8", "--data-dir", dir.at("node"), ...ARGS]
  const env = { FIRN_FAILPOINT: `${FailpointStep.BEFORE_TRANSACTION}:1:0` }
  await using node = new FirnProcess(args, { env, program: FIRN })
  await node.waitForLog("listening")
  expect(await node.stop()).toBe(0)
})
