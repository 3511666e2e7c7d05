/*
 * The floor of the binary protocol: the least a server on Bun can do. It answers every 8 bytes with
 * 9 constant ones and looks at nothing.
 *
 *   bun bench/floors/tcp-floor.ts PORT
 */
import type { Socket } from "bun"
import { REQUEST_SIZE, RESPONSE_SIZE } from "../../protocol/index.ts"

/** As many answers as there are requests in the largest chunk that Bun reads. */
const zeros = new Uint8Array(65_536 * RESPONSE_SIZE)

interface Client {
  /** Bytes of a request that has not come whole. */
  partialBytes: number
  owedBytes: number
}

function write(socket: Socket<Client>): void {
  const accepted = socket.write(zeros, 0, Math.min(socket.data.owedBytes, zeros.length))
  if (accepted > 0) socket.data.owedBytes -= accepted
}

const { port } = Bun.listen<Client>({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  socket: {
    open(socket) {
      socket.data = { partialBytes: 0, owedBytes: 0 }
    },
    data(socket, chunk) {
      const client = socket.data
      const bytes = client.partialBytes + chunk.length
      client.partialBytes = bytes % REQUEST_SIZE
      client.owedBytes += ((bytes - client.partialBytes) / REQUEST_SIZE) * RESPONSE_SIZE
      write(socket)
    },
    drain: write,
  },
})
console.log(`listening on ${port}`)
