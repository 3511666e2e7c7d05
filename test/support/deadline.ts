/** What a test waits for at most, unless it says otherwise: far more than a loaded machine needs. */
const PATIENCE_MS = 20_000

/**
 * Waits for `work`, so that a test never hangs: it fails and its processes are ended.
 * @throws Error that says what was waited for, when it takes longer than `limitMs`
 */
export async function within<T>(
  what: string | (() => string),
  work: Promise<T>,
  limitMs: number = PATIENCE_MS,
): Promise<T> {
  const deadline = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const awaited = typeof what === "string" ? what : what()
    deadline.reject(new Error(`waited ${limitMs} ms in vain for ${awaited}`))
  }, limitMs)
  try {
    return await Promise.race([work, deadline.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks again and again until the answer is the one wanted.
 * @throws Error with the last answer, when it takes longer than `limitMs`
 */
export async function askUntil<T>(
  what: string,
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  limitMs: number = PATIENCE_MS,
): Promise<T> {
  const startMs = performance.now()
  for (;;) {
    const answer = await within(what, ask(), limitMs)
    if (isWanted(answer)) return answer
    if (performance.now() - startMs > limitMs) {
      throw new Error(`asked ${limitMs} ms in vain for ${what}; last: ${Bun.inspect(answer)}`)
    }
  }
}

/**
 * Looks in every turn of the event loop, until it is so.
 * @throws Error when it takes longer than `limitMs`
 */
export async function until(
  what: string,
  isSo: () => boolean,
  limitMs: number = PATIENCE_MS,
): Promise<void> {
  const look = async (): Promise<boolean> => {
    await new Promise(setImmediate)
    return isSo()
  }
  await askUntil(what, look, Boolean, limitMs)
}
