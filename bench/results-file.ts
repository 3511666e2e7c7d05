import type { Results } from "./figures.ts"

export const EXIT_USAGE = 2

/** Reads what a run has written; ends the process with a sentence when that cannot be done. */
export async function readResults(path: string): Promise<Results> {
  try {
    const results = (await Bun.file(path).json()) as Partial<Results> | null
    if (Array.isArray(results?.figures)) return results as Results
    return refuse(path, "it has no figures")
  } catch (error) {
    return refuse(path, (error as Error).message)
  }
}

function refuse(path: string, why: string): never {
  console.error(`${path} is no file of results of the bench: ${why}`)
  process.exit(EXIT_USAGE)
}
