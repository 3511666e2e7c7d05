import { test } from "bun:test"
import { REFUSED } from "./junit.ts"
import { IN_NAMESPACES } from "./test-network.ts"
import { isToolThere, testWith } from "./tools.ts"
import type { ToolName } from "./tools.ts"

/** What a kernel grants to some and refuses to others, whatever is installed. */
type PrivilegeName =
  | "mounts"
  | "loop devices"
  | "network namespaces"
  | "process namespaces"
  | "real-time priority"
  | "IPv6"

interface Privilege {
  readonly tools: readonly ToolName[]
  /** A shell script that succeeds where it is granted. It leaves nothing behind. */
  readonly probe: string
}

/** Runs a command that may mount what nobody else sees, root or not. */
export const IN_MOUNTS: readonly string[] = ["unshare", "--user", "--map-root-user", "--mount"]

/** Runs a command as the first process of a namespace, as a container does, root or not. */
export const AS_FIRST: readonly string[] =
  "unshare --user --map-root-user --pid --fork --kill-child --mount-proc".split(" ")

const LOOP_PROBE = `
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  truncate -s 1M "$dir/image"
  mkfs.ext4 -q "$dir/image"
  mkdir "$dir/disk"
  mount -o loop "$dir/image" "$dir/disk"
  fsfreeze --freeze "$dir/disk"
  fsfreeze --unfreeze "$dir/disk"
  umount "$dir/disk"`

const privileges: Record<PrivilegeName, Privilege> = {
  /** To mount file systems in memory, in a namespace of one's own. */
  mounts: {
    tools: ["util-linux"],
    probe: `${IN_MOUNTS.join(" ")} mount -t tmpfs firn-test /mnt`,
  },
  "loop devices": {
    tools: ["util-linux", "e2fsprogs"],
    probe: `unshare --mount sh -ec '${LOOP_PROBE.replaceAll("'", `'\\''`)}'`,
  },
  "network namespaces": {
    tools: ["util-linux", "iproute2"],
    probe: `${IN_NAMESPACES.join(" ")} ip link set lo up`,
  },
  "process namespaces": { tools: ["util-linux"], probe: `${AS_FIRST.join(" ")} true` },
  "real-time priority": { tools: ["util-linux"], probe: "chrt --fifo 1 true" },
  IPv6: { tools: [], probe: "grep -q '^0\\{31\\}1 ' /proc/net/if_inet6" },
}

/**
 * `test` for what a kernel may refuse: then it is skipped, and its name says so. A tool that is
 * missing is another matter, since it can be installed.
 */
export function testAllowed(
  name: PrivilegeName,
  ...moreTools: readonly ToolName[]
): (title: string, run: () => Promise<void>) => void {
  const { probe } = privileges[name]
  const tools = [...privileges[name].tools, ...moreTools]
  const ready = testWith(...tools)
  if (!tools.every(isToolThere)) return ready
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-ec", probe], { stderr: "pipe" })
  if (exitCode === 0) return ready
  console.warn(`skipped, as the kernel refuses ${name}: ${stderr.toString().trim()}`)
  return (title, run) => test.skip(`${title} (${REFUSED}: ${name})`, run)
}
