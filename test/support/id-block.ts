/** A block of ids taken apart, with arithmetic too plain to be wrong. */
export interface IdBlock {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly node: number
  readonly sequence: number
  readonly count: number
}

/** @param high and `low` are the halves of the first id */
export function idBlock(high: number, low: number, count: number): IdBlock {
  return {
    time: high * 1_024 + Math.floor(low / 4_194_304),
    node: Math.floor(low / 4_096) % 1_024,
    sequence: low % 4_096,
    count,
  }
}

export function blockName({ time, node, sequence, count }: IdBlock): string {
  return `time ${time} node ${node} sequence ${sequence} count ${count}`
}
