import type { FirnClient } from "../../client-sdk/index.ts"
import { Op, Status } from "../../protocol/index.ts"
import { TcpClient } from "./tcp-client.ts"
import type { Answer } from "./tcp-client.ts"

/** A node ends a connection on which nothing has come for so long; who is slower may meet its FIN. */
const QUIET_MS = 200
const REQUESTS = [{}, {}, { op: Op.RANDOM }, {}]

/** What clients of one kind have seen while nodes were restarted. */
export class Tally {
  answered = 0
  /** How often a connection ended with NOT_READY. */
  refused = 0
  /** … and with a FIN across the requests of a client that had been quiet. */
  ended = 0
  readonly failures: unknown[] = []
}

/** Asks until it is over, four requests at a time; whoever is refused or gets a FIN connects anew. */
export async function askFrames(address: string, tally: Tally, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    using client = await TcpClient.connect(address)
    let sentAtMs = performance.now()
    for (let goesOn = true; goesOn && !over.aborted;) {
      const quietMs = performance.now() - sentAtMs
      sentAtMs += quietMs
      goesOn = await askOnce(client, quietMs, tally)
    }
  }
}

/**
 * @param quietMs how long the node may have heard nothing of the client
 * @returns whether to ask again on the same connection
 */
async function askOnce(client: TcpClient, quietMs: number, tally: Tally): Promise<boolean> {
  let answers: Answer[]
  try {
    answers = await client.askAll(REQUESTS)
  } catch {
    const { unclaimed, keptBytes } = client
    if (unclaimed.length > 0 || keptBytes > 0) tally.failures.push("answered in part")
    else if (quietMs < QUIET_MS) tally.failures.push("a FIN in place of an answer")
    else tally.ended++
    return false
  }
  const statuses = answers.map(({ status }) => status)
  tally.answered += statuses.filter((status) => status === Status.OK).length
  const others = statuses.filter((status) => status !== Status.OK)
  tally.failures.push(...others.filter((status) => status !== Status.NOT_READY))
  if (others.length > 0) tally.refused++
  return others.length === 0
}

/** Asks for ids over HTTP/1.1, on connections that are kept. */
export async function askWeb(address: string, tally: Tally, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    try {
      const response = await fetch(`http://${address}/lunique`)
      const text = await response.text()
      if (response.status === 200) tally.answered++
      else tally.failures.push(`${response.status} ${text}`)
    } catch (error) {
      tally.failures.push(error)
    }
  }
}

/** Asks the SDK for one id after the other. */
export async function askClient(
  client: FirnClient,
  tally: Tally,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    try {
      await client.id()
      tally.answered++
    } catch (error) {
      tally.failures.push(error)
    }
  }
}
