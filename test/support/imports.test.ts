import { describe, expect, test } from "bun:test"
import { importsOf, usesBunGlobal } from "./imports.ts"

describe("an import is found", () => {
  test.each([
    ["of values", 'import { a } from "./x.ts"\na()'],
    ["of values that nothing uses", 'import { a } from "./x.ts"'],
    ["of a default", 'import a from "./x.ts"'],
    ["of a namespace", 'import * as a from "./x.ts"'],
    ["for its effects", 'import "./x.ts"'],
    ["over several lines", 'import {\n  a,\n  b,\n} from "./x.ts"'],
    ["of types", 'import type { A } from "./x.ts"'],
    ["of types over several lines", 'import type {\n  A,\n  B,\n} from "./x.ts"'],
    ["of a default type", 'import type A from "./x.ts"'],
    ["of a namespace of types", 'import type * as A from "./x.ts"'],
    ["of nothing but inline types", 'import { type A, type B } from "./x.ts"'],
    ["of inline types over several lines", 'import {\n  type A,\n  type B,\n} from "./x.ts"'],
    ["of a value and a type", 'import { type A, b } from "./x.ts"'],
    ["of a default and inline types", 'import a, { type B } from "./x.ts"'],
    ["that exports again", 'export { a } from "./x.ts"'],
    ["that exports everything again", 'export * from "./x.ts"'],
    ["that exports a namespace again", 'export * as a from "./x.ts"'],
    ["that exports types again", 'export type { A } from "./x.ts"'],
    ["that exports all types again", 'export type * from "./x.ts"'],
    ["at run time", 'const a = await import("./x.ts")'],
    ["by require", 'const a = require("./x.ts")'],
    ["inside a type", 'let a: import("./x.ts").A'],
    ["inside typeof", 'let a: typeof import("./x.ts")'],
    ["as a Worker's script", 'new Worker(new URL("./x.ts", import.meta.url))'],
    ["in a file that is a program", '#!/usr/bin/env bun\nimport "./x.ts"'],
    ["with attributes", 'import a from "./x.ts" with { type: "text" }'],
  ])("%s", (_, source) => {
    expect(importsOf(source)).toEqual(["./x.ts"])
  })

  test("beside others, each once, packages and modules of the environment too", () => {
    const source = `
      import { Database } from "bun:sqlite"
      import { join } from "node:path"
      import { Command } from "commander"
      import type { Option } from "commander"
      export type Local = { type: string }
      export type { Option }
      interface Inner { type: Local }
    `
    expect(importsOf(source).toSorted()).toEqual(["bun:sqlite", "commander", "node:path"])
  })
})

test.each([
  '// import { a } from "./x.ts"',
  '/*\n * import type { A } from "./x.ts"\n * let a: import("./x.ts").A\n */',
  "const text = 'import { a } from \"./x.ts\"'",
  'const text = `\nimport { a } from "./x.ts"\nimport type { A } from "./x.ts"\n`',
])("no import is found in %j", (source) => {
  expect(importsOf(source)).toEqual([])
})

describe("the global Bun is seen", () => {
  test.each([
    "Bun.write(a, b)",
    "#!/usr/bin/env bun\nBun.write(a, b)",
    "const { write } = Bun",
    "globalThis.Bun.write(a, b)",
    "let socket: Bun.Socket",
    "const sockets = new Set<Bun.Socket>()",
  ])("in %j", (source) => {
    expect(usesBunGlobal(source)).toBe(true)
  })

  test.each([
    "// Bun.write",
    'const text = "Bun.write"',
    "/** Bun.write(a): so it goes */\nlet a",
    "function f(Bun: number): number { return Bun }",
    "a.Bun()",
  ])("and not in %j", (source) => {
    expect(usesBunGlobal(source)).toBe(false)
  })
})
