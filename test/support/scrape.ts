import { within } from "./deadline.ts"

/** The samples of an exposition by their names and labels as they stand there: `firn_ready`, `firn_peer_up{peer="1"}`. */
export function samplesIn(exposition: string): Map<string, number> {
  const lines = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ")
      const text = line.slice(space + 1)
      const value = text === "+Inf" ? Infinity : Number(text)
      return [line.slice(0, space), value] as const
    }),
  )
}

/** Asks a node for its metrics. @param http HOST:PORT */
export async function scrape(http: string): Promise<Map<string, number>> {
  const response = await within("GET /metrics", fetch(`http://${http}/metrics`))
  return samplesIn(await response.text())
}
