import { afterAll, beforeAll, expect, test } from "bun:test"
import { addressText } from "../../../../server/net/address.ts"
import { tcpListen } from "../../../../server/net/tcp-listener.ts"
import { Drain } from "../../../../server/drain.ts"
import { systemEnvironment } from "../../../../server/environment.ts"
import { FreePorts } from "../../../../server/supervisor/free-ports.ts"
import { HttpServer } from "../../../../server/transport/http/http-server.ts"
import { within } from "../../../support/deadline.ts"
import { FakeServer } from "../../../support/fake-client.ts"
import { servedNode } from "../../../support/http-request.ts"
import { MemoryLog } from "../../../support/memory-log.ts"
import { TableServer } from "../../../support/table-client.ts"

const log = new MemoryLog()
const started = new AsyncDisposableStack()
let server: HttpServer

beforeAll(() => {
  const ports = started.use(new FreePorts(1, Math.random))
  const node = servedNode({
    status() {
      throw new Error("what only the log may tell")
    },
    readiness: () => ({ reason: "NOT_READY: why", retryAfterMs: 2_001 }),
  })
  const address = { host: "127.0.0.1", port: ports.take() }
  server = HttpServer.listen({
    withStatus: true,
    address,
    node,
    listen: tcpListen({
      descriptorCeiling: Infinity,
      descriptorReserve: 0,
      keepAliveMs: 60_000,
      tls: undefined,
      handshakeTimeoutMs: 5_000,
      socketMode: 0o600,
      libc: undefined,
      environment: systemEnvironment,
      isDescriptorLeft: () => true,
    }),
    table: new TableServer({}, new FakeServer()).table,
    environment: systemEnvironment,
    log: log.logger,
  })
  started.defer(() => server.stop(new Drain(systemEnvironment, 0, 0)))
})

afterAll(() => started.disposeAsync())

async function get(path: string, accept = "*/*"): Promise<Record<string, unknown>> {
  const url = `http://${addressText(server.address)}${path}`
  const response = await within(path, fetch(url, { headers: { accept } }))
  const { "content-length": _, date: __, ...headers } = response.headers.toJSON()
  return { status: response.status, headers, body: await response.text() }
}

test("a text has the headers of a text", async () => {
  const headers = { "content-type": "text/plain;charset=utf-8", "cache-control": "no-store" }
  expect(await get("/healthz")).toEqual({ status: 200, headers, body: "alive\n" })
  const varying = { ...headers, vary: "Accept" }
  expect(await get("/nope")).toEqual({ status: 404, headers: varying, body: "not found\n" })
})

test("an error is a problem of RFC 9457 for whoever asks for JSON", async () => {
  const answer = await get("/nope", "application/json")
  expect(answer).toEqual({
    status: 404,
    headers: {
      "content-type": "application/problem+json;charset=utf-8",
      "cache-control": "no-store",
      vary: "Accept",
    },
    body: '{"type":"about:blank","title":"Not Found","status":404,"detail":"not found"}',
  })
})

test("JSON has the headers of JSON, and they stay as they are", async () => {
  const headers = {
    "content-type": "application/json;charset=utf-8",
    "cache-control": "no-store",
    vary: "Accept",
  }
  for (let i = 0; i < 2; i++) {
    expect(await get("/lunique", "application/json")).toEqual({
      status: 200,
      headers,
      body: expect.stringMatching(/^\{"id":"[0-9]+"\}$/),
    })
  }
})

test("the headers of an answer come with it", async () => {
  expect(await get("/readyz")).toEqual({
    status: 503,
    headers: {
      "content-type": "text/plain;charset=utf-8",
      vary: "Accept",
      "cache-control": "no-store",
      "retry-after": "3",
    },
    body: "NOT_READY: why\n",
  })
})

test("a client hears of an error of ours that there was one, and the log has the rest", async () => {
  expect(await get("/nodes")).toEqual({
    status: 500,
    headers: {
      "content-type": "text/plain;charset=utf-8",
      "cache-control": "no-store",
      vary: "Accept",
    },
    body: "internal error\n",
  })
  expect(log.texts()).toEqual(["error request-failed GET /nodes was answered 500"])
  expect(log.lines[0]).toMatchObject({ err: { message: "what only the log may tell" } })
})
