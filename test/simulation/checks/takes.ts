import { Status } from "../../../protocol/index.ts"
import { Generator } from "../../../server/generator/generator.ts"

/** Hears of every block that a generator gives out, at the moment it does. */
export type TakeObserver = (high: number, low: number, count: number) => void

const { prototype } = Generator

/**
 * Runs `work` with an observer at the one door that all ids leave by. A generator has no hook for
 * this, since that would be on its hot path.
 */
export function observingTakes(observer: TakeObserver, work: () => void): void {
  const original = Object.getOwnPropertyDescriptor(prototype, "take")!
  const take = original.value as Generator["take"]
  prototype.take = function (this: Generator, count, answer) {
    const outcome = take.call(this, count, answer)
    if (outcome === Status.OK) observer(answer.high, answer.low, count)
    return outcome
  }
  try {
    work()
  } finally {
    Object.defineProperty(prototype, "take", original)
  }
}
