import { expect, test } from "bun:test"
import { httpTryLine, tcpTryLines } from "../../server/try-lines.ts"

test.each([
  [{ host: "0.0.0.0", port: 1 }, "nc 127.0.0.1 1", "curl http://127.0.0.1:1/lunique"],
  [{ host: "*", port: 1 }, "nc 127.0.0.1 1", "curl http://127.0.0.1:1/lunique"],
  [{ host: "::", port: 1 }, "nc ::1 1", "curl 'http://[::1]:1/lunique'"],
  [{ host: "10.0.0.7", port: 1 }, "nc 10.0.0.7 1", "curl http://10.0.0.7:1/lunique"],
  [{ path: "/a.sock" }, "nc -U /a.sock", "curl --unix-socket /a.sock http://localhost/lunique"],
])("what is suggested for %j can be pasted", (address, nc, curl) => {
  expect(tcpTryLines(address)[0]).toBe(`printf 'lunique\\nquit\\n' | ${nc}`)
  expect(httpTryLine(address, "/lunique")).toBe(curl)
})

test("by TLS with what the certificate is checked with, and that a client needs one", () => {
  const tls = { caFile: "ca.pem", wantsClientCert: true }
  expect(httpTryLine({ host: "::1", port: 1 }, "/dunique?target=random", tls)).toBe(
    "curl --cacert ca.pem --cert CLIENT.crt --key CLIENT.key 'https://[::1]:1/dunique?target=random'",
  )
  expect(tcpTryLines({ host: "::1", port: 1 }, tls)).toEqual([
    "printf 'lunique\\nquit\\n' | openssl s_client -quiet -connect '[::1]:1' -CAfile ca.pem -cert CLIENT.crt -key CLIENT.key",
  ])
})
