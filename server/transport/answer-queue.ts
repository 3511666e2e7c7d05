import type { Answer } from "../routing/forwarded-request.ts"

/** The most answers of one connection that wait for other nodes; beyond, it is not read from. */
export const PENDING_MAX = 4_096

/** The answers of a connection from the first that is not there yet, in the order of its requests. */
export class AnswerQueue {
  readonly #answers: (Answer | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#answers.length - this.#head
  }

  push(answer: Answer): void {
    this.#answers.push(answer)
  }

  /** Takes the oldest out if it has come. */
  shiftDone(): Answer | undefined {
    const answer = this.#answers[this.#head]
    if (answer?.done !== true) return undefined
    this.#answers[this.#head++] = undefined
    if (this.#head === this.#answers.length) {
      this.#answers.length = this.#head = 0
    } else if (this.#head === PENDING_MAX) {
      // A queue that never gets empty must not grow for that.
      this.#answers.splice(0, this.#head)
      this.#head = 0
    }
    return answer
  }
}
