/*
 * Clients that mean harm, or act as if they did: puts one kind of load on a node until it is killed.
 *
 *   bun bench/programs/attacker.ts blocks-unread 6454
 *
 * Those whose names begin with http are for the port of HTTP.
 */
import { connect } from "node:net"
import type { Socket } from "node:net"
import { COUNT_MAX, Op, REQUEST_SIZE, encodeRequest } from "../../protocol/index.ts"

const [, , kind = "", portText = ""] = Bun.argv
const port = Number(portText)

function frames(count: number, op: number, ids: number): Uint8Array {
  const bytes = new Uint8Array(count * REQUEST_SIZE)
  for (let i = 0; i < count; i++) encodeRequest(bytes, i * REQUEST_SIZE, op, 0, ids, 0)
  return bytes
}

async function open(): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true })
  socket.on("error", () => {})
  await new Promise((resolve) => socket.on("connect", resolve).on("close", resolve))
  return socket
}

async function openMany(count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Math.min(100, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, open))))
  }
  return sockets
}

/** Keeps `depth` requests in flight on each connection. */
async function pipeline(connections: number, depth: number, op: number, ids: number) {
  const sockets = await openMany(connections)
  const all = frames(depth, op, ids)
  for (const socket of sockets) {
    let owed = 0
    socket.on("data", (chunk) => {
      owed += chunk.length
      const answered = Math.floor(owed / 9)
      owed -= answered * 9
      if (answered > 0) socket.write(all.subarray(0, Math.min(depth, answered) * REQUEST_SIZE))
    })
    socket.write(all)
  }
}

/** Pipelines requests of HTTP on so many connections, and reads none of the answers. */
async function httpUnread(connections: number, target: string) {
  const request = `GET ${target} HTTP/1.1\r\nHost: firn\r\n\r\n`
  const all = Buffer.from(request.repeat(Math.ceil(65_536 / request.length)))
  for (const socket of await openMany(connections)) {
    socket.pause()
    const write = (): void => {
      while (!socket.destroyed && socket.write(all));
    }
    socket.on("drain", write)
    write()
  }
}

/** Asks for a block on each of so many connections, and closes it at once. */
async function httpClosed(connections: number) {
  const request = "GET /lunique?n=4096 HTTP/1.1\r\nHost: firn\r\n\r\n"
  const batch = 100
  for (let i = 0; i < connections / batch; i++) {
    const sockets = await openMany(batch)
    await Promise.all(sockets.map((socket) => new Promise((sent) => socket.write(request, sent))))
    for (const socket of sockets) socket.destroy()
  }
}

const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  /** 200 clients pipeline blocks and do not read. */
  "blocks-unread": async () => {
    for (const socket of await openMany(200)) {
      socket.pause()
      const write = (): void => {
        while (!socket.destroyed && socket.write(frames(8_192, Op.LOCAL, COUNT_MAX)));
      }
      socket.on("drain", write)
      write()
    }
  },
  "http-unread-100": () => httpUnread(100, "/lunique"),
  "http-unread-500": () => httpUnread(500, "/lunique"),
  "http-blocks-unread": () => httpUnread(500, "/lunique?n=4096"),
  "http-closed": () => httpClosed(20_000),
  "http-nodes-unread": () => httpUnread(500, "/nodes"),
  /** 500 readers of blocks, 16 in flight each. */
  "blocks-read": () => pipeline(500, 16, Op.LOCAL, COUNT_MAX),
  /** 10,000 connections, one block each, again and again. */
  "block-each": () => pipeline(10_000, 1, Op.LOCAL, COUNT_MAX),
  /** 50 clients 4,096 deep with single ids. */
  singles: () => pipeline(50, 4_096, Op.LOCAL, 1),
  pings: () => pipeline(50, 16_000, Op.PING, 0),
  "bad-frames": () => pipeline(50, 16_000, 9, 1),
  /** 60 connections at a time send 60,000 block frames each, and reset. */
  resets: async () => {
    for (let i = 0; i < 5; i++) {
      const sockets = await openMany(60)
      for (const socket of sockets) socket.write(frames(60_000, Op.LOCAL, COUNT_MAX))
      await Bun.sleep(200)
      for (const socket of sockets) socket.resetAndDestroy()
    }
  },
}

const attack = ATTACKS[kind]
if (attack === undefined) throw new Error(`the attacks are ${Object.keys(ATTACKS).join(", ")}`)
await attack()
console.log("ready")
// Goes on until it is killed.
setInterval(() => {}, 60_000)
