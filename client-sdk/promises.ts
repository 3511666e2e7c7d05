/**
 * Keeps the process from ending by a failure that nobody waits for. Whoever does wait for the
 * promise still gets the error.
 */
export function handled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}

/** A promise that has failed. */
export function rejected(error: unknown): Promise<never> {
  const reject = async (): Promise<never> => {
    throw error as Error
  }
  return handled(reject())
}
