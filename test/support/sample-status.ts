import type { NodeStatus } from "../../server/node-status.ts"

/** Of a node that has used one of its two peers, and found the other down. */
export const SAMPLE_STATUS: NodeStatus = {
  node: 7,
  version: "0.1.0",
  tcp: "127.0.0.1:6461",
  http: "127.0.0.1:5461",
  epoch: "2026-01-01T00:00:00.000Z",
  epochMs: 1_767_225_600_000,
  yearsLeft: 138.5,
  signedUntil: "2095-09-07T15:47:35.552Z",
  until: "2165-05-15T07:35:11.104Z",
  wallMs: 1_795_600_000_000,
  clockLeadMs: 3,
  clockDoubt: null,
  unready: null,
  duplicatesFound: 0,
  certificateEnds: null,
  peers: [
    {
      node: 1,
      address: "127.0.0.1:6455",
      state: "up",
      reason: "",
      skewMs: -0.25,
      roundTripMs: 1.5,
    },
    {
      node: 2,
      address: "127.0.0.1:6456",
      state: "down",
      reason: "nothing listens there",
      skewMs: null,
      roundTripMs: null,
    },
  ],
}
