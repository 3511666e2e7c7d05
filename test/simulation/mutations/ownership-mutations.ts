import type { Mutation } from "./mutation.ts"

const OWNERSHIP = "server/storage/ownership.ts"

/** In what keeps two processes on one disk from giving out the same ids. */
export const OWNERSHIP_MUTATIONS: readonly Mutation[] = [
  {
    name: "nobody looks who has the identity",
    file: OWNERSHIP,
    text: "    if (other !== undefined) throw",
    replacement: '    if (other === "nobody") throw',
  },
  {
    name: "a mark counts that was stored as another process took over",
    file: OWNERSHIP,
    text:
      "    // Whoever claims the identity from here on reads this mark.\n" +
      "    await this.#checkOwner()\n",
    replacement: "",
  },
  {
    name: "a start reads the marks before it claims the identity",
    file: OWNERSHIP,
    text: "    await records.claim()\n",
    replacement:
      "    const early = await records.readMark(); await records.claim(); " +
      "if (early > 0) return new Ownership(records, early)\n",
  },
  {
    name: "a start does not read what others have stored",
    file: OWNERSHIP,
    text: "new Ownership(records, await records.readMark())",
    replacement: "new Ownership(records, 0)",
  },
  {
    name: "the marks of others are removed before ours is stored",
    file: OWNERSHIP,
    text: "    await this.#records.writeMark(mark)\n",
    replacement:
      "    if (this.#isFirst) await this.#records.removeOthers()\n" +
      "    await this.#records.writeMark(mark)\n",
  },
  {
    name: "a node that has lost its identity goes on for ever",
    file: "server/node.ts",
    text: "() => this.#lost.resolve(lost)",
    replacement: "() => {}",
  },
]
