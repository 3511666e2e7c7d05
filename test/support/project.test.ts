import { expect, test } from "bun:test"
import { importCycles, readSources } from "./project.ts"

/** Sources by what each imports. */
function sources(imports: Record<string, string[]>): Parameters<typeof importCycles>[0] {
  return Object.entries(imports).map(([path, targets]) => ({
    path,
    imports: targets.map((target) => ({ specifier: target, target })),
  }))
}

test("sources that import downwards only have no cycle, however often one is reached", () => {
  expect(importCycles(sources({ a: ["b", "c"], b: ["d"], c: ["d"], d: ["outside"] }))).toEqual([])
})

test("a cycle is told from file to file, without the way that leads to it", () => {
  expect(importCycles(sources({ a: ["b"], b: ["c"], c: ["d"], d: ["b"] }))).toEqual([
    "b -> c -> d -> b",
  ])
})

test("a file that imports itself is a cycle", () => {
  expect(importCycles(sources({ a: ["a"] }))).toEqual(["a -> a"])
})

test("cycles apart from each other are all told", () => {
  expect(importCycles(sources({ a: ["b"], b: ["a"], c: ["d"], d: ["c"] }))).toEqual([
    "a -> b -> a",
    "c -> d -> c",
  ])
})

test("an import is resolved from the file that has it, and a package to no file", () => {
  const [found] = readSources(["test/support"]).filter(({ path }) => path.endsWith("project.ts"))
  expect(found?.imports).toContainEqual({
    specifier: "./imports.ts",
    target: "test/support/imports.ts",
  })
  expect(found?.imports).toContainEqual({ specifier: "node:path", target: undefined })
})
