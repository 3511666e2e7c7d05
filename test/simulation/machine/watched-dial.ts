import type { Dial } from "../../../server/net/dial.ts"
import { Liar } from "./liar.ts"
import type { NodeParts } from "./node-parts.ts"
import type { Process } from "./process.ts"

/** The `Dial` of one process: the ledger hears what is asked on its links, and mad nodes lie on them. */
export function watchedDial(parts: NodeParts, nodeId: number, process: Process): Dial {
  const { world, network, ledger } = parts
  return network.dialFor(nodeId, process, (end, to) => {
    const watch = ledger.watch(nodeId, to)
    const liar = new Liar(world.random, () => network.madUntilMs(to) > world.nowMs)
    end.onWrite = (bytes, offset, length) => {
      watch(bytes, offset, length)
      liar.asked(bytes, offset, length)
    }
    end.onRead = (chunk) => liar.read(chunk)
  })
}
