import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { settingsOf } from "../../server/config/settings.ts"
import { openApiYaml, withTables } from "./doc-tables.ts"
import { ALL_ROUTES, openApiOf } from "../../server/transport/http/openapi.ts"
import { ROOT } from "./paths.ts"

const OPERATIONS = readFileSync(join(ROOT, "docs/operations.md"), "utf8")
const EMPTY = ["settings: start", "settings: cluster", "settings: bench", "metrics"]
  .map((name) => `<!-- ${name} -->\n<!-- end of ${name} -->\n`)
  .join("")

test("docs/operations.md has options and metrics as they are; if not, `npm run tables` writes them", () => {
  expect(OPERATIONS, "run `npm run tables`").toBe(withTables(OPERATIONS))
})

test("protocol/openapi.yaml is what a node has at /openapi.json", () => {
  const committed = readFileSync(join(ROOT, "protocol/openapi.yaml"), "utf8")
  const served: unknown = JSON.parse(JSON.stringify(openApiOf(ALL_ROUTES)))
  expect(Bun.YAML.parse(openApiYaml())).toEqual(served)
  expect(Bun.YAML.parse(committed), "run `npm run tables`").toEqual(served)
})

test("a table has a row an option, with its default and its sentence", () => {
  const tables = withTables(EMPTY)
  const rows = tables.split("\n").map((line) => line.replaceAll(/ +/g, " "))
  expect(rows).toContain("| option of `firn start` | default | meaning |")
  expect(rows).toContain("| `--links-per-peer N` | 1 | connections to each other node, 1 to 64 |")
  expect(rows).toContain(
    "| `--http HOST:PORT\\|unix:PATH\\|off` | `127.0.0.1:5454` | where to listen for HTTP |",
  )
  expect(rows).toContain(
    "| `--nodes N` | (needed) | how many nodes, 1 to 1024; their ids are 0 to N-1 |",
  )
  expect(rows).toContain(
    "| `--peers-file FILE` | none | the same, one a line; read again on SIGHUP |",
  )
  const options = rows.filter((line) => line.startsWith("| `--"))
  const passedOn = settingsOf("start", "cluster").length
  const all = settingsOf("start").length + settingsOf("cluster").length - passedOn
  expect(options).toHaveLength(all + settingsOf("bench").length)
})

test("a metric has a row, with its labels and what to look at", () => {
  const rows = withTables(EMPTY).replaceAll(/ +/g, " ")
  expect(rows).toContain("| `firn_requests_total{dialect,op,status}` | counter | Requests that")
  expect(rows).toContain("| `process_open_fds` | gauge |")
})

test("nothing but what stands between the markers is written anew", () => {
  const [start = "", others = ""] = EMPTY.split(/(?<=end of settings: start -->\n)/)
  const written = withTables(`above\n${start}between\n${others}below\n`)
  expect(written).toStartWith("above\n<!-- settings: start -->\n\n| option of `firn start`")
  expect(written).toContain("\n\n<!-- end of settings: start -->\nbetween\n<!-- settings: cluster")
  expect(written).toEndWith("\n\n<!-- end of metrics -->\nbelow\n")
  expect(withTables(written)).toBe(written)
})

test("a document without markers is refused", () => {
  const start = "there is no <!-- settings: start --> … <!-- end of settings: start -->"
  expect(() => withTables("# Firn\n")).toThrow(start)
  const halves = EMPTY.replace("<!-- end of settings: start -->\n", "")
  expect(() => withTables(halves)).toThrow(start)
})
