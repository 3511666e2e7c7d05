import type { Address } from "./net/address.ts"

/** What to paste into another terminal for a first id over TCP. */
export function tcpTryLines({ host, port }: Address): string[] {
  return [
    `printf 'lunique\\nquit\\n' | nc ${host} ${port}`,
    `telnet ${host} ${port}   (then type: lunique, help or quit)`,
  ]
}
