/** What a check of `firn doctor` has found. */
export interface Finding {
  /** `bad` keeps a node from its work, or ids from being safe; `warn` may. */
  readonly verdict: "ok" | "warn" | "bad"
  /** What was looked at. */
  readonly check: string
  /** What was found and, where it is not well, what to do: one line. */
  readonly says: string
}

/** Makes the findings of one check. */
export class Findings {
  readonly list: Finding[] = []
  readonly #check: string

  constructor(check: string) {
    this.#check = check
  }

  ok(says: string): void {
    this.list.push({ verdict: "ok", check: this.#check, says })
  }

  warn(says: string): void {
    this.list.push({ verdict: "warn", check: this.#check, says })
  }

  bad(says: string): void {
    this.list.push({ verdict: "bad", check: this.#check, says })
  }
}
