import { StoreError } from "../../server/storage/errors.ts"

/** The error of something that must fail with a StoreError. */
export function storeErrorOf(run: () => unknown): StoreError {
  try {
    run()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error("it did not fail")
}
