import { stripVTControlCharacters } from "node:util"
import { Dialogue } from "./command.ts"
import { FIRN } from "./firn-process.ts"

/** A node or a cluster on a terminal, where it says what to try. */
export class ShownFirn extends Dialogue {
  /** @param args all of the command line; with ports that are free */
  static async start(
    args: readonly string[],
    { cwd, env }: NonNullable<ConstructorParameters<typeof Dialogue>[1]> = {},
  ): Promise<ShownFirn> {
    // These tests themselves may run by npm.
    const own = { npm_execpath: undefined, ...env }
    const firn = new ShownFirn([...FIRN, ...args], { ...(cwd && { cwd }), env: own })
    // The last of the lines.
    await firn.waitFor(
      args[0] === "cluster" ? /try: [^\n]+ status[^\n]*\n/ : /try: (telnet|[^\n]+ -U )[^\n]*\n/,
    )
    return firn
  }

  /** What is in the log behind the name of its source, line by line. */
  get lines(): string[] {
    const shown = stripVTControlCharacters(this.screen).split(/\r?\n/)
    return shown.flatMap((line) => /(?:cluster|node [0-9]+) {2}(.*)$/.exec(line)?.[1] ?? [])
  }

  /** The commands that it says to try, in its order. */
  get tries(): string[] {
    return this.lines.flatMap((line) => /^try: (.*)$/.exec(line)?.[1] ?? [])
  }

  /** The nodes of its table, and where all of them listen together, if they do. */
  get nodes(): { node: string; tcp: string; http: string }[] {
    return this.lines.flatMap((line) => {
      const [, node, tcp, http] = /^([0-9]+|all) +(\S+:[0-9]+) +(\S+:[0-9]+)$/.exec(line) ?? []
      return http === undefined ? [] : [{ node: node!, tcp: tcp!, http }]
    })
  }

  /** Ctrl-C. @returns its exit code */
  async stop(): Promise<number> {
    this.type("\x03")
    return await this.end()
  }
}
