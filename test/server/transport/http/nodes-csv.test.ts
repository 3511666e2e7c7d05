import { expect, test } from "bun:test"
import { nodesCsv } from "../../../../server/transport/http/nodes-csv.ts"
import { SAMPLE_STATUS } from "../../../support/sample-status.ts"

test("a node and the others are a table, and a reason with a comma or a quote stays one cell", () => {
  const [peer] = SAMPLE_STATUS.peers
  const reason = 'it said "no", and\nmore'
  const odd = { ...peer!, node: 5, state: "down", skewMs: null, roundTripMs: 1.5, reason }
  const { body } = nodesCsv({ ...SAMPLE_STATUS, unready: "NOT_READY: why", peers: [odd] })
  expect(body).toBe(
    "node,address,state,skew_ms,round_trip_ms,reason\r\n" +
      `${SAMPLE_STATUS.node},${SAMPLE_STATUS.tcp},not ready,0,0,NOT_READY: why\r\n` +
      `5,${peer!.address},down,,1.5,"it said ""no"", and\nmore"\r\n`,
  )
})
