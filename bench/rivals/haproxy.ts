import { TempDir } from "../../test/support/temp-dir.ts"
import type { Bench } from "../bench.ts"
import type { Target } from "../load/load.ts"
import type { Core } from "../machine/cores.ts"
import { ServerProcess } from "../machine/server-process.ts"

export const HAPROXY = "HAProxy"

/**
 * HAProxy in TCP mode in front of a server; undefined when it is not installed.
 * @param certificate a file with its certificate and its key; undefined: without TLS
 */
export async function startHaproxy(
  bench: Bench,
  owner: AsyncDisposableStack,
  backendPort: number,
  core: Core | undefined,
  certificate?: string,
): Promise<Target | undefined> {
  const tool = bench.tool("haproxy", HAPROXY)
  if (tool === undefined) return undefined
  const dir = owner.use(new TempDir())
  const port = bench.port()
  await Bun.write(dir.at("haproxy.cfg"), configuration(port, backendPort, certificate))
  const command = [tool.path, "-W", "-db", "-f", dir.at("haproxy.cfg")]
  const haproxy = await ServerProcess.start(command, { core, ready: /Loading success/ })
  owner.use(haproxy)
  return { port, protocol: "frames", tls: certificate !== undefined, pid: undefined }
}

function configuration(port: number, backendPort: number, certificate?: string): string {
  const tls = certificate === undefined ? "" : ` ssl crt ${certificate}`
  return `
global
  maxconn 4096
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen firn
  bind 127.0.0.1:${port}${tls}
  server node 127.0.0.1:${backendPort}
`
}
