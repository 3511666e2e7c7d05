import type { ClientParts } from "./client.ts"
import { FrameClient } from "./frame-client.ts"
import type { Request } from "./requests.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"

/** How often to look whether a question can be asked again. */
const STEP_MS = 5

/** A request to be asked again and again until it is answered as it must be. */
export interface Question {
  readonly node: SimulatedNode
  readonly request: Request
  /** @param node the one whose ids were given, or undefined */
  isRight(status: number, node: number | undefined): boolean
}

interface Asked {
  readonly question: Question
  readonly client: FrameClient
  isDone: boolean
  lastStatus: number
}

/** Asks all questions at once, each on a connection of its own; each must come right in time. */
export function survey(parts: ClientParts, questions: readonly Question[], withinMs: number): void {
  const { world } = parts
  const all = questions.map((question) => ask(parts, question))
  const endMs = world.nowMs + withinMs
  for (let open = all; open.length > 0; open = open.filter(({ isDone }) => !isDone)) {
    if (world.nowMs >= endMs) world.breaks(complaint(open[0]!, withinMs))
    for (const { client, question } of open) {
      // It was one too many: what is left of a crowd may have been before it.
      if (client.isIdle) client.connect(question.node)
      if (client.isReady && client.pending.length === 0) client.send([question.request])
    }
    world.runUntil(world.nowMs + STEP_MS)
  }
  for (const { client } of all) client.giveUp()
}

function ask(parts: ClientParts, question: Question): Asked {
  const client = new FrameClient(parts, (_, status, node) => {
    asked.isDone ||= question.isRight(status, node)
    asked.lastStatus = status
  })
  client.connect(question.node)
  const asked: Asked = { question, client, isDone: false, lastStatus: -1 }
  return asked
}

function complaint({ question, lastStatus }: Asked, withinMs: number): string {
  const { node, request } = question
  const last = lastStatus < 0 ? "not at all" : `with status ${lastStatus}`
  return (
    `node ${node.nodeId} does not serve within ${withinMs} ms in which all is well: ` +
    `op ${request.op} target ${request.target} was answered ${last}`
  )
}
