import { expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { resolveName } from "../../../server/net/resolve.ts"
import { run } from "../../support/command.ts"
import { ROOT } from "../../support/paths.ts"
import { IN_MOUNTS, testAllowed } from "../../support/privileges.ts"
import { TempDir } from "../../support/temp-dir.ts"

const SCRIPT = join(ROOT, "test/fixtures/moved-name.ts")

test("an address is its own, without anybody being asked", async () => {
  expect(await resolveName("127.0.0.9")).toEqual(["127.0.0.9"])
  expect(await resolveName("::1")).toEqual(["::1"])
})

test("a name that is none is named", async () => {
  const asked = [resolveName("no-such-host.invalid"), resolveName("no-such-host.invalid")]
  for (const { status, reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[]) {
    expect([status, (reason as Error).message]).toEqual([
      "rejected",
      "no-such-host.invalid has no address: ENOTFOUND",
    ])
  }
})

testAllowed("mounts")("a name that moves is reached where it is, at once", async () => {
  using dir = new TempDir()
  const hosts = dir.at("hosts")
  writeFileSync(hosts, "")
  const line = `mount --bind ${hosts} /etc/hosts && exec ${process.execPath} ${SCRIPT} ${hosts}`
  const { exitCode, stdout, stderr } = await run([...IN_MOUNTS, "sh", "-ec", line])
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: "127.0.0.1\n127.0.0.2\n127.0.0.1\n",
    stderr: "",
  })
})
