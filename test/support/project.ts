import { readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { importsOf } from "./imports.ts"
import { ROOT, filesOf } from "./paths.ts"

/** An import as it is written, and the file of this project it leads to, if it does. */
export interface Import {
  readonly specifier: string
  readonly target: string | undefined
}

/** A TypeScript file of this project; its path is relative to the root. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

/** Every TypeScript file in these folders. */
export function readSources(folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => filesOf(`${folder}/**/*.ts`))
    .filter((path) => !path.includes("node_modules/"))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8")
      const imports = importsOf(text).map((specifier) => ({
        specifier,
        target: resolveImport(path, specifier),
      }))
      return { path, text, imports }
    })
}

function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined
}

/**
 * The import cycles of these sources, each as its path from file to file. Of several cycles through
 * the same import one is given.
 */
export function importCycles(sources: readonly Pick<Source, "path" | "imports">[]): string[] {
  const importsByPath = new Map(sources.map(({ path, imports }) => [path, imports]))
  const finished = new Set<string>()
  const trail: string[] = []
  const cycles: string[] = []

  function visit(path: string): void {
    if (finished.has(path)) return
    const start = trail.indexOf(path)
    if (start >= 0) {
      cycles.push([...trail.slice(start), path].join(" -> "))
      return
    }
    trail.push(path)
    for (const { target } of importsByPath.get(path) ?? []) {
      if (target !== undefined) visit(target)
    }
    trail.pop()
    finished.add(path)
  }

  for (const { path } of sources) visit(path)
  return cycles
}
