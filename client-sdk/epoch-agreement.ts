/** The epoch that all servers of a client must have. The first one that answers decides it. */
export class EpochAgreement {
  #server = ""
  epochMs: number | undefined

  /** @returns why this server must not be used; undefined when its epoch is the agreed one */
  check(epochMs: number, server: string): string | undefined {
    if (this.epochMs === undefined) {
      this.epochMs = epochMs
      this.#server = server
      return undefined
    }
    if (epochMs === this.epochMs) return undefined
    return `its epoch is ${epochMs}, that of ${this.#server} is ${this.epochMs}: they belong to different clusters`
  }
}
