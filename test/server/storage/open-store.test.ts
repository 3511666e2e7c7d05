import { describe, expect, test } from "bun:test"
import { StoreError } from "../../../server/storage/errors.ts"
import { createStore, openStore } from "../../../server/storage/open-store.ts"
import { within } from "../../support/deadline.ts"
import { TempDir } from "../../support/temp-dir.ts"

const IDENTITY = { nodeId: 9, epochMs: 0 }

describe("a store", () => {
  test("that is created is opened with that identity and mark 0, its errors are StoreErrors", async () => {
    using dir = new TempDir()
    expect(createStore({ dataDir: dir.path }, IDENTITY)).toBe(true)
    const store = await within("opening", openStore({ dataDir: dir.path }, {}))
    expect(store.node).toEqual({ ...IDENTITY, mark: 0 })
    await store.close(4)
    const opening = openStore({ dataDir: dir.path }, { nodeId: 8 })
    const error = await opening.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreError)
  })

  test("that is there already is not created, and keeps its identity and mark", async () => {
    using dir = new TempDir()
    const first = await within("opening", openStore({ dataDir: dir.path }, IDENTITY))
    await first.close(4)
    expect(createStore({ dataDir: dir.path }, { nodeId: 3, epochMs: 5 })).toBe(false)
    const second = await within("opening", openStore({ dataDir: dir.path }, {}))
    expect(second.node).toEqual({ ...IDENTITY, mark: 4 })
    await second.close(4)
  })
})
