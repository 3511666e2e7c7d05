import type { ClientEvents, Listen, ListenEvents, Listener } from "../../server/net/listen.ts"
import { utf8 } from "./fake-client.ts"
import { parseResponses } from "./http-request.ts"
import type { HttpResponse } from "./http-request.ts"

/** A port without a network: whoever connects sends one chunk, and reads what is answered at once. */
export class VirtualPort {
  #exchange: ((input: string) => string) | undefined

  readonly listen: Listen = (address, events): Listener => {
    this.#exchange = (input) => exchange(events, input)
    return { address, stop() {} }
  }

  /** Asks over HTTP on a connection of its own. */
  get(path: string): HttpResponse {
    const request = `GET ${path} HTTP/1.1\r\nHost: firn\r\nConnection: close\r\n\r\n`
    const [response] = parseResponses(this.#exchange?.(request) ?? "")
    if (response === undefined) throw new Error(`no answer at ${path}`)
    return response
  }
}

function exchange<Client extends ClientEvents>(
  events: ListenEvents<Client>,
  input: string,
): string {
  const decoder = new TextDecoder()
  let output = ""
  const client = events.opened({
    write(bytes, offset, length) {
      output += decoder.decode(bytes.subarray(offset, offset + length))
      return length
    },
    pause() {},
    resume() {},
    shutdown() {},
    end() {},
    terminate() {},
  })
  if (client === undefined) throw new Error("the client is not admitted")
  client.data(utf8(input))
  client.ended()
  client.closed()
  events.closed(client)
  return output
}
