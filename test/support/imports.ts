/*
 * What a TypeScript source refers to. Bun's own parser reads it, so that nothing is taken from
 * comments, strings or templates; the keyword `type` is struck out first, because the parser drops
 * what is imported for types alone.
 */

const transpiler = new Bun.Transpiler({ loader: "ts" })
/** Stands in place of the global `Bun` wherever it is used. */
const BUN_MARK = "__bun_global__"
const marking = new Bun.Transpiler({
  loader: "ts",
  define: { Bun: BUN_MARK, "globalThis.Bun": BUN_MARK },
})

/** The parser takes it at the head of a file, but not in a text that it is handed. */
const HASHBANG = /^#!.*/
const TYPE_IMPORT = /\bimport\s+type\s+(?=[{*]|(?!from\b)[\w$])/g
const TYPE_EXPORT = /\bexport\s+type\s+(?=\*|\{[^}]*\}\s*from\b)/g
/** `import { type A, type B } from`: without a value in it the parser drops it whole. */
const NAMED = /\b(?:import|export)\s*(?:[\w$]+\s*,\s*)?\{[^}]*\}\s*from\b/g
const INLINE_TYPE = /([{,]\s*)type\s+(?=[\w$])/g

/** Neither of these is an import statement, so the parser does not tell of them. */
const REFERENCES = [
  // The type `import("./a.ts").A`.
  /\bimport\(\s*"([^"]+)"\s*\)/g,
  // The address of a Worker's script, or of a file to be read.
  /\bnew URL\(\s*"([^"]+)",\s*import\.meta\.url\s*\)/g,
]
const COMMENT_LINE = /^\s*(?:\/\/|\/?\*).*$/gm

/** The specifiers of all that a source imports, each once: for values, for types, or as an address. */
export function importsOf(source: string): string[] {
  const untyped = source
    .replace(HASHBANG, "")
    .replace(TYPE_IMPORT, "import ")
    .replace(TYPE_EXPORT, "export ")
    .replace(NAMED, (statement) => statement.replace(INLINE_TYPE, "$1"))
  const specifiers = new Set(transpiler.scanImports(untyped).map(({ path }) => path))
  const code = source.replace(COMMENT_LINE, "")
  for (const reference of REFERENCES) {
    for (const [, specifier = ""] of code.matchAll(reference)) specifiers.add(specifier)
  }
  return [...specifiers]
}

/** Whether a source uses the global `Bun`, as a value or as a namespace of types. */
export function usesBunGlobal(source: string): boolean {
  if (marking.transformSync(source.replace(HASHBANG, "")).includes(BUN_MARK)) return true
  return /[:<|&(,]\s*(?:typeof\s+)?Bun\./.test(source.replace(COMMENT_LINE, ""))
}
