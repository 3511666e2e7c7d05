/*
 * Reads what `bun test --reporter=junit` writes: <testsuite> elements, one a file and one a group,
 * nested, and in them one <testcase> a test, with a <failure>, <error> or <skipped> inside unless
 * the test passed.
 */

export type Outcome = "passed" | "failed" | "skipped"

/** One test of a report. */
export interface TestCase {
  readonly file: string
  /** 0 when the report does not say */
  readonly line: number
  /** The names of its groups and its own, " > " between them. */
  readonly name: string
  readonly outcome: Outcome
}

/** How many tests of a run ended in each way. */
export type Counts = Readonly<Record<Outcome, number>>

type Attributes = ReadonlyMap<string, string>

const NO_ELEMENT = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>/g
const TAG = /<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const ENTITY = /&(?:#x([0-9a-f]+)|#([0-9]+)|(lt|gt|amp|quot|apos));/gi
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }

/**
 * The tests of a report, in its order.
 * @throws Error when the report is no JUnit report or ends too early
 */
export function parseJunit(xml: string): TestCase[] {
  const open: { readonly tag: string; readonly attributes: Attributes }[] = []
  const cases: { attributes: Attributes; groups: string[]; outcome: Outcome }[] = []
  let roots = 0
  const tags = xml.replace(NO_ELEMENT, "").matchAll(TAG)
  for (const [, slash, tag = "", text = "", selfClosing] of tags) {
    if (slash === "/") {
      const expected = open.pop()?.tag
      if (expected !== tag) throw new Error(`</${tag}> where </${expected}> is due`)
      continue
    }
    const attributes = parseAttributes(text)
    if (open.length === 0 && /^testsuites?$/.test(tag)) roots++
    if (tag === "testcase") {
      const groups = open.map((element) => groupName(element.attributes))
      cases.push({ attributes, groups, outcome: "passed" })
    }
    const current = cases.at(-1)
    if (current !== undefined && open.at(-1)?.tag === "testcase") {
      if (tag === "failure" || tag === "error") current.outcome = "failed"
      if (tag === "skipped" && current.outcome === "passed") current.outcome = "skipped"
    }
    if (selfClosing !== "/") open.push({ tag, attributes })
  }
  if (open.length > 0) throw new Error(`the report ends inside <${open.at(-1)?.tag}>`)
  if (roots !== 1) throw new Error("this is no JUnit report")
  return cases.map(({ attributes, groups, outcome }) => ({
    file: attributes.get("file") ?? "",
    line: Number(attributes.get("line") ?? 0),
    name: [...groups, attributes.get("name") ?? ""].filter((name) => name !== "").join(" > "),
    outcome,
  }))
}

/** The suite of a whole file has the file's name, which is no part of a test's name. */
function groupName(attributes: Attributes): string {
  const name = attributes.get("name") ?? ""
  const isGroup = attributes.has("file") && attributes.get("file") !== name
  return isGroup ? name : ""
}

function parseAttributes(text: string): Attributes {
  const attributes = new Map<string, string>()
  for (const [, name = "", double, single] of text.matchAll(ATTRIBUTE)) {
    attributes.set(name, decodeEntities(double ?? single ?? ""))
  }
  return attributes
}

function decodeEntities(text: string): string {
  return text.replace(ENTITY, (_, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? ""
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
  })
}

function encodeEntities(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * A report with failures added to it: those the runner could not write down itself.
 * @param xml the report, or undefined when there is none that can be read
 */
export function withFailures(
  xml: string | undefined,
  failures: readonly { readonly file: string; readonly name: string }[],
): string {
  const suites = failures.map(({ file, name }) => {
    const [path, text] = [encodeEntities(file), encodeEntities(name)]
    return (
      `  <testsuite name="${path}" file="${path}" tests="1" failures="1">\n` +
      `    <testcase name="${text}" file="${path}">\n` +
      `      <failure message="${text}" />\n    </testcase>\n  </testsuite>\n`
    )
  })
  const end = xml?.lastIndexOf("</testsuites>") ?? -1
  const before =
    xml !== undefined && end >= 0
      ? xml.slice(0, end)
      : '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
  return `${before}${suites.join("")}</testsuites>\n`
}

/** Stands in the name of a test that is skipped because the kernel refuses what it needs. */
export const REFUSED = "the kernel refuses"

/** Whether a test was skipped for what cannot be installed. */
export function isRefused({ outcome, name }: TestCase): boolean {
  return outcome === "skipped" && name.includes(`(${REFUSED}: `)
}

/**
 * @param skippedFail whether a skipped test counts as failed, as in CI; one that is skipped because
 * the kernel refuses what it needs then does not count at all
 */
export function countCases(cases: readonly TestCase[], skippedFail: boolean): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const test of cases) {
    if (skippedFail && isRefused(test)) continue
    counts[test.outcome === "skipped" && skippedFail ? "failed" : test.outcome]++
  }
  return counts
}

/** `N passed, N failed`, and `, N skipped` when there are such. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}
