import { expect } from "bun:test"
import { Op } from "../../protocol/index.ts"
import { FakeClient, FakeServer } from "./fake-client.ts"
import { requests } from "./tcp-client.ts"
import type { RequestFields } from "./tcp-client.ts"

/** `count` times the same request. */
export function many(count: number, request: RequestFields = { op: Op.LOCAL }): Uint8Array {
  return requests(Array<RequestFields>(count).fill(request))
}

/** A server whose clock gives no more ids until time passes. */
export function usedUp(): FakeServer {
  const server = new FakeServer()
  server.node.takeAll(4_096)
  server.node.takeAll(1)
  return server
}

/** The hashes of the keys that are asked for at a server from now on. */
export function keysAskedOf({ local }: FakeServer): number[] {
  const asked: number[] = []
  const answer = local.answer.bind(local)
  local.answer = (exchange) => {
    if (exchange.op === Op.KEY) asked.push(exchange.target)
    return answer(exchange)
  }
  return asked
}

/** The lines that come back; every one must be ended. */
export function say(...chunks: (Uint8Array | string)[]): string[] {
  const client = new FakeClient()
  client.send(...chunks)
  return lines(client)
}

/** What a client got, as lines. */
export function lines({ text }: FakeClient): string[] {
  if (text === "") return []
  expect(text).toEndWith("\n")
  return text.slice(0, -1).split("\n")
}
