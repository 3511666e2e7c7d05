import { InputError } from "../../../protocol/index.ts"
import { describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import {
  PEERS_FILE_MAX_BYTES,
  parsePeers,
  peersText,
  readPeersFile,
  requireNode,
} from "../../../server/peers/peer-list.ts"
import { TempDir } from "../../support/temp-dir.ts"

describe("a list of nodes", () => {
  test("names their ids and addresses, in any order", () => {
    expect(parsePeers("3@127.0.0.1:6454, 0@node-0.example:80 ,1023@[::1]:65535")).toEqual([
      { nodeId: 3, address: { host: "127.0.0.1", port: 6_454 } },
      { nodeId: 0, address: { host: "node-0.example", port: 80 } },
      { nodeId: 1_023, address: { host: "::1", port: 65_535 } },
    ])
  })

  test("of any size up to 1,024 nodes is read as it was written", () => {
    const all = Array.from({ length: 1_024 }, (_, nodeId) => nodeId)
    const ids = fc.shuffledSubarray(all, { minLength: 1 })
    fc.assert(
      fc.property(ids, (nodeIds) => {
        const texts = nodeIds.map((nodeId) => `${nodeId}@10.0.0.1:${6_000 + nodeId}`)
        expect(peersText(parsePeers(texts.join(",")))).toBe(texts.join(","))
      }),
      { numRuns: 20 },
    )
  })

  test.each([
    ["an id twice", "1@a:1,2@b:1,1@c:1", '"1@c:1" lists node 1 twice'],
    ["an id twice, written differently", "1@a:1,01@c:1", '"01@c:1" lists node 1 twice'],
    ["an id above 1023", "1@a:1,1024@b:1", '"1024@b:1" has node id 1024: the largest is 1023'],
    ["an address without a port", "1@a:1,2@b", '"2@b": "b" is not HOST:PORT'],
    ["a port that is none", "2@b:65536", '"2@b:65536": "b:65536" is not HOST:PORT'],
    ["IPv6 without brackets", "2@::1:80", '"2@::1:80": "::1:80" is not HOST:PORT'],
    ["an entry without an id", "1@a:1,127.0.0.1:6454", '"127.0.0.1:6454" is not ID@HOST:PORT'],
    ["an id that is no number", "x@a:1", '"x@a:1" is not ID@HOST:PORT'],
    ["an id below 0", "-1@a:1", '"-1@a:1" is not ID@HOST:PORT'],
    ["an id without an address", "7@", '"7@" is not ID@HOST:PORT'],
    ["a comma at the end", "1@a:1,", '"" is not ID@HOST:PORT'],
    ["nothing", "", '"" is not ID@HOST:PORT'],
  ])("with %s is refused, and the entry named", (_, list, message) => {
    expect(() => parsePeers(list)).toThrow(InputError)
    expect(() => parsePeers(list)).toThrow(message)
  })
})

describe("a file of nodes", () => {
  function fileOf(dir: TempDir, text: string): string {
    const path = join(dir.path, "peers")
    writeFileSync(path, text)
    return path
  }

  test("has one a line, with empty lines and comments", () => {
    using dir = new TempDir()
    const path = fileOf(dir, "# all nodes\n\n0@10.0.0.1:1\n  1@10.0.0.2:1  # the new one\n#2@x:1\n")
    expect(readPeersFile(path).map(({ nodeId }) => nodeId)).toEqual([0, 1])
  })

  test("may have been written on Windows", () => {
    using dir = new TempDir()
    const path = fileOf(dir, "0@10.0.0.1:1\r\n\r\n1@10.0.0.2:1\r\n")
    expect(readPeersFile(path)).toEqual(parsePeers("0@10.0.0.1:1,1@10.0.0.2:1"))
  })

  test("that lists no node, or not the one that reads it, is refused", () => {
    using dir = new TempDir()
    const path = fileOf(dir, "# nobody yet\n")
    expect(() => requireNode(readPeersFile(path), 0, path)).toThrow(`${path} lists no node`)
    writeFileSync(path, "1@10.0.0.1:1\n3@10.0.0.2:1")
    const message = `${path} does not list this node, which is 2`
    expect(() => requireNode(readPeersFile(path), 2, path)).toThrow(message)
    expect(() => requireNode(readPeersFile(path), 3, path)).not.toThrow()
  })

  test("is read up to a size, and refused beyond it", () => {
    using dir = new TempDir()
    const list = "0@10.0.0.1:1\n#"
    const path = fileOf(dir, list.padEnd(PEERS_FILE_MAX_BYTES, "x"))
    expect(readPeersFile(path).length).toBe(1)
    writeFileSync(path, list.padEnd(PEERS_FILE_MAX_BYTES + 1, "x"))
    expect(() => readPeersFile(path)).toThrow(`${path} is larger than 1048576 bytes`)
    expect(() => readPeersFile("/dev/zero")).toThrow("/dev/zero is larger than 1048576 bytes")
  })

  test("with a line that is no entry but long is quoted in part", () => {
    using dir = new TempDir()
    const path = fileOf(dir, "y".repeat(500_000))
    const message = `${path}: "${"y".repeat(40)}…" is too long to be ID@HOST:PORT`
    expect(() => readPeersFile(path)).toThrow(message)
  })

  test.each([
    ["0@10.0.0.1:1\n0@10.0.0.2:1\n", '"0@10.0.0.2:1" lists node 0 twice'],
    ["0@10.0.0.1:1\n1024@10.0.0.2:1", '"1024@10.0.0.2:1" has node id 1024'],
    ["0@10.0.0.1:1,1@10.0.0.2:1\n", '"0@10.0.0.1:1,1@10.0.0.2:1": '],
    ["0@10.0.0.1:1,\n", '"0@10.0.0.1:1,": '],
  ])("with %j is refused; file and entry are named", (text, message) => {
    using dir = new TempDir()
    const path = fileOf(dir, text)
    expect(() => readPeersFile(path)).toThrow(`${path}: ${message}`)
    expect(() => readPeersFile(path)).toThrow(InputError)
  })

  test("that is not there is named", () => {
    using dir = new TempDir()
    const path = join(dir.path, "none")
    expect(() => readPeersFile(path)).toThrow(`${path} cannot be read: ENOENT`)
  })
})
