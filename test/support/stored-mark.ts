import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import { NodeFile } from "../../server/storage/sqlite/node-file.ts"

/** The mark that a node which has stopped left behind, milliseconds since its epoch. */
export function storedMark(dataDir: string): number {
  const file = NodeFile.open(dataDir, {})
  try {
    return file.node.mark
  } finally {
    file.close()
  }
}

/** Makes the data of a node that was led by a wrong clock to give out ids `leadMs` from now. */
export function seedAhead(dataDir: string, nodeId: number, leadMs: number): void {
  NodeFile.create(dataDir, { nodeId, epochMs: DEFAULT_EPOCH_MS })
  const file = NodeFile.open(dataDir, {})
  try {
    file.writeMark(Date.now() - DEFAULT_EPOCH_MS + leadMs)
  } finally {
    file.close()
  }
}
