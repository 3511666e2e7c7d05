import { join } from "node:path"
import type { Bench, Contestant } from "../bench.ts"
import { FIRN } from "../figures.ts"

export const GENERATOR_NAME = "an id, 128 a clock read"

const PROGRAM = join(import.meta.dir, "../programs/generator.ts")

/** What an id costs without any I/O. Each sample is a process of its own, for its own compiled code. */
export async function generatorSuite(bench: Bench): Promise<void> {
  const by = (subject: string, way: string): Contestant => ({
    subject,
    measure: async () => {
      const output = await bench.run([process.execPath, PROGRAM, way], "load")
      return { value: Number(output) }
    },
  })
  const head = { unit: "ns", better: "lower", parameters: {} } as const
  await bench.compete({ name: GENERATOR_NAME, ...head }, [
    by(FIRN, "take"),
    by("a clock read and a bigint an id", "bigint"),
  ])
  await bench.compete({ name: "an id and its answer of 9 bytes", ...head }, [by(FIRN, "answer")])
  await bench.compete({ name: "the decimal text of an id", ...head }, [
    by(FIRN, "text"),
    by("BigInt.toString", "bigintText"),
  ])
}
