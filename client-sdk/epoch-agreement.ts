/** The epoch that all servers of a client have to count from: that of the first one that answers. */
export class EpochAgreement {
  #server = ""
  epochMs: number | undefined

  /** @returns why this server must not be used, if its epoch is another one */
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
