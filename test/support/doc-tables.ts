import { flagOf } from "../../server/config/setting.ts"
import type { CommandName, Setting } from "../../server/config/setting.ts"
import { settingsOf } from "../../server/config/settings.ts"
import type { MetricDescription } from "../../server/metrics/metric.ts"
import { NODE_METRICS } from "../../server/node-metrics.ts"
import { ALL_ROUTES, openApiOf } from "../../server/transport/http/openapi.ts"
import { PROCESS_METRICS } from "../../server/process-metrics.ts"

/** protocol/openapi.yaml. */
export function openApiYaml(): string {
  // A copy, in which no two places are one object: YAML would have references for those.
  const document: unknown = JSON.parse(JSON.stringify(openApiOf(ALL_ROUTES)))
  return `# Made by npm run tables; a node has it at /openapi.json.\n${Bun.YAML.stringify(document, null, 2)}\n`
}

/** Of these commands docs/operations.md has a table of the options. */
const COMMANDS: readonly CommandName[] = ["start", "cluster", "bench"]

/** The tables between their markers in a document, as the options and metrics are now. */
export function withTables(document: string): string {
  const withOptions = COMMANDS.reduce(
    (text, command) => withSection(text, `settings: ${command}`, optionsText(command)),
    document,
  )
  return withSection(withOptions, "metrics", metricsText())
}

function metricsText(): string {
  const rows = [...NODE_METRICS, ...PROCESS_METRICS].map((metric: MetricDescription) => {
    const { name, type, labels = [], help, advice } = metric
    const labelled = labels.length === 0 ? name : `${name}{${labels.join(",")}}`
    return [`\`${labelled}\``, type, help, advice]
  })
  return markdownTable([["metric", "type", "meaning", "when it is not as it should be"], ...rows])
}

/** @throws Error when the document has no section of this name */
function withSection(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->\n`]
  const from = document.indexOf(begin)
  const to = document.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`there is no ${begin.trim()} … ${end.trim()}`)
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`
}

/** A table, and a sentence on what a cluster passes on. */
function optionsText(command: CommandName): string {
  const settings = settingsOf(command)
  const passedOn = command === "cluster" ? settingsOf("cluster", "start") : []
  const own = settings.filter((setting) => !passedOn.includes(setting))
  const header = [`option of \`firn ${command}\``, "default", "meaning"]
  const table = markdownTable([header, ...own.map(row)])
  if (passedOn.length === 0) return table
  const flags = passedOn.map((setting) => `\`${flagOf(setting)}\``).join(", ")
  return `${table}\nIt takes these of \`firn start\` too, and passes them on to every node: ${flags}.\n`
}

function row(setting: Setting): string[] {
  const flag = setting.flag.replaceAll(/[<>]/g, "")
  return [`\`${flag}\``, defaultText(setting), setting.help].map((cell) =>
    cell.replaceAll("|", "\\|"),
  )
}

function defaultText({ default: text, unset = "none", needed }: Setting): string {
  if (text === undefined) return needed ? "(needed)" : unset
  return /^[0-9]+$/.test(text) ? text : `\`${text}\``
}

/** Formatted as `npm run format` does it. @param rows the first is the header */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)))
  const lines = rows.map((cells) => cells.map((cell, i) => cell.padEnd(widths[i]!)))
  lines.splice(
    1,
    0,
    widths.map((width) => "-".repeat(width)),
  )
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("")
}
