import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test"
import { join } from "node:path"
import { chromium } from "playwright-core"
import type { Browser, Page } from "playwright-core"
import { Op } from "../../protocol/index.ts"
import { askUntil, within } from "../support/deadline.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ROOT } from "../support/paths.ts"
import { TcpClient, requests } from "../support/tcp-client.ts"
import { isToolThere, testWith } from "../support/tools.ts"

setDefaultTimeout(120_000)

const AXE = join(ROOT, "node_modules/axe-core/axe.min.js")
/** Nothing is looked up elsewhere, and root may run it. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

const resources = new AsyncDisposableStack()
let cluster: NodeCluster
let browser: Browser

beforeAll(async () => {
  cluster = resources.use(await NodeCluster.start(3))
  if (!isToolThere("chromium")) return
  const path = Bun.which("chromium")!
  browser = await chromium.launch({ executablePath: path, args: FLAGS })
  resources.defer(() => browser.close())
})
afterAll(() => resources.disposeAsync())

/** The page of node 0, in a browser; errors of its script fail the test. */
class OpenPage implements AsyncDisposable {
  readonly errors: string[] = []
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
    page.on("pageerror", (error) => this.errors.push(error.message))
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text())
    })
    page.on("request", (request) => {
      const { host } = new URL(request.url())
      if (!host.startsWith("127.0.0.1")) this.errors.push(`asked ${request.url()}`)
    })
  }

  static async open(colorScheme: "light" | "dark" = "light", width = 1_000): Promise<OpenPage> {
    const opened = new OpenPage(
      await browser.newPage({ colorScheme, viewport: { width, height: 1_200 } }),
    )
    await opened.page.goto(`http://${cluster.node(0).http}/`)
    await opened.shows("#state", /ready/)
    return opened
  }

  async text(selector: string): Promise<string> {
    return (await this.page.textContent(selector)) ?? ""
  }

  /** Waits until it is there. */
  async shows(selector: string, pattern: RegExp, limitMs?: number): Promise<string> {
    const look = (): Promise<string> => this.text(selector)
    return await askUntil(`${pattern} at ${selector}`, look, (text) => pattern.test(text), limitMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close()
  }
}

async function takeIds(op: number, count: number): Promise<void> {
  using client = await TcpClient.connect(cluster.addresses[0]!)
  await client.send(requests(Array.from({ length: count }, () => ({ op }))))
  await client.receive(count)
}

describe("the page", () => {
  testWith("chromium")("shows a node, and its figures change under load", async () => {
    await using opened = await OpenPage.open()
    expect(await opened.text("#node")).toBe("node 0")
    expect(await opened.page.title()).toBe("Firn node 0")
    for (let i = 0; i < 3; i++) {
      await takeIds(Op.RANDOM, 3_000)
      await opened.shows("#figures", /ids a second[1-9][0-9,]*4,096,000 at most/)
    }
    await opened.shows("#requests", /framesRANDOMOK[1-9]/)
    const curve = async (): Promise<string> => {
      return (await opened.page.getAttribute("#curve", "points")) ?? ""
    }
    await askUntil("a line", curve, (points) => /^[0-9.,]+( [0-9.,]+)+$/.test(points))
    expect(await opened.text("#peak")).toMatch(/^at most [1-9][0-9,]* a second$/)
    await opened.shows("#peers", /1127\.0\.0\.1:\d+● up.*\(\d+ %\)/)
    expect(opened.errors).toEqual([])
  })

  testWith("chromium")("shows soon that another node is gone, in words and by a sign", async () => {
    await using opened = await OpenPage.open()
    await takeIds(Op.RANDOM, 1_000)
    await opened.shows("#peers", /2127\.0\.0\.1:\d+● up/)
    await cluster.kill(2)
    await opened.shows("#peers", /2127\.0\.0\.1:\d+✕ down/, 5_000)
    await cluster.restart(2)
    await opened.shows("#peers", /2127\.0\.0\.1:\d+● up/)
    expect(opened.errors).toEqual([])
  })

  testWith("chromium")("goes on by itself after the node was started anew", async () => {
    await using opened = await OpenPage.open()
    const port = cluster.node(0).http
    await cluster.kill(0)
    await opened.shows("#state", /does not answer; trying again/)
    await cluster.startNode(0, [...argsOf(0), "--http", port])
    await opened.shows("#state", /● ready/)
  })

  testWith("chromium")(
    "takes an id apart, and says what is wrong with a text that is none",
    async () => {
      await using opened = await OpenPage.open()
      await opened.page.keyboard.press("Tab")
      await opened.page.fill("#id", "83901585456918570")
      await opened.shows("#decoded", /^2026-08-20T12:34:56.789Z, node 7, sequence 42$/)
      await opened.page.fill("#id", "twelve")
      await opened.shows("#decoded", /"twelve" is not an id/)
      // What the browser itself says of a 400.
      expect(opened.errors.filter((error) => !error.includes("400"))).toEqual([])
    },
  )

  testWith("chromium").each([
    ["light", 1_000],
    ["dark", 1_000],
    ["light", 360],
    ["dark", 360],
  ] as const)("has no violation that axe finds, %s, %d pixels wide", async (scheme, width) => {
    await using opened = await OpenPage.open(scheme, width)
    await takeIds(Op.RANDOM, 500)
    await opened.shows("#peers", /● up/)
    const found = await within("axe", violations(opened.page))
    expect(found).toEqual([])
    // Only tables may be wider than the page, in a box of their own.
    const overhang = await opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    expect(overhang).toBeLessThanOrEqual(0)
    expect(opened.errors).toEqual([])
  })
})

function argsOf(nodeId: number): string[] {
  const peers = cluster.addresses.map((address, id) => `${id}@${address}`).join(",")
  return nodeId === 0 ? ["--peers", peers] : []
}

async function violations(page: Page): Promise<string[]> {
  // Past the policy of the page, which lets no other script run.
  await page.evaluate(await Bun.file(AXE).text())
  const results = (await page.evaluate("axe.run()")) as { violations: { id: string }[] }
  return results.violations.map(({ id }) => id)
}
