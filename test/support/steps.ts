import { NODE_ID_MAX, Op, Status, decodeId } from "../../protocol/index.ts"
import type { Answer, RequestFields } from "./tcp-client.ts"

/** A request, and how to know that an answer is the one to it. */
export interface Step {
  readonly request: RequestFields
  /** What is wrong with an answer; undefined when it may be the one to this request. */
  mismatch(answer: Answer): string | undefined
}

/** The statuses that may come in place of an id that only one node can give. */
const STRICT_REFUSALS = [Status.NODE_DOWN, Status.TIMEOUT]

/** A request for ids, which are of one of these nodes; `refusals` may come in their place. */
export function idsStep(
  request: RequestFields,
  nodeIds: readonly number[],
  refusals: readonly number[] = [],
): Step {
  return {
    request,
    mismatch(answer) {
      const isRight =
        answer.status === Status.OK
          ? nodeIds.includes(decodeId(answer.value).node)
          : refusals.includes(answer.status)
      return isRight ? undefined : `${Bun.inspect(request)} was answered ${answerText(answer)}`
    },
  }
}

/** A request that has one answer only. */
export function exactStep(request: RequestFields, status: number, value: bigint | number): Step {
  return {
    request,
    mismatch(answer) {
      if (answer.status === status && answer.value === BigInt(value)) return undefined
      return `${Bun.inspect(request)} was answered ${answerText(answer)}`
    },
  }
}

/** A request whose answer tells its number: it asks for a node that there cannot be. */
export function markerStep(number: number): Step {
  const target = NODE_ID_MAX + 1 + number
  return exactStep({ op: Op.NODE, target }, Status.UNKNOWN_NODE, target)
}

/**
 * Requests of all kinds to `node`, by their number; every third one is a marker, whose answer tells
 * that number. Only a request that names another node may be refused.
 */
export function anyStep(node: number, nodes: readonly number[]): (number: number) => Step {
  return (number) => {
    switch (number % 6) {
      case 0:
        return idsStep({}, [node])
      case 2: {
        const target = nodes[random(nodes.length)]!
        return idsStep({ op: Op.NODE, target }, [target], target === node ? [] : STRICT_REFUSALS)
      }
      case 3:
        return idsStep({ op: Op.RANDOM }, nodes)
      case 5:
        return idsStep({ op: Op.KEY, target: random(2 ** 32) }, nodes)
      default:
        return markerStep(number)
    }
  }
}

function random(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** What is wrong with the answers to steps, in their order; empty when nothing is. */
export function mismatches(steps: readonly Step[], answers: readonly Answer[]): string[] {
  return answers.flatMap((answer, i) => {
    const mismatch = steps[i]?.mismatch(answer)
    return mismatch === undefined ? [] : [`answer ${i}: ${mismatch}`]
  })
}

/** The ids among the answers to steps, blocks in full. */
export function idsAmong(steps: readonly Step[], answers: readonly Answer[]): bigint[] {
  return answers.flatMap(({ status, value }, i) => {
    const { op = Op.LOCAL, count = 1 } = steps[i]!.request
    if (status !== Status.OK || op >= Op.PING) return []
    return Array.from({ length: count }, (_, k) => value + BigInt(k))
  })
}

function answerText({ status, value }: Answer): string {
  const node = status === Status.OK ? `, of node ${decodeId(value).node}` : ""
  return `status ${status}, value ${value}${node}`
}
