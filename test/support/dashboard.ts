import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard"
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard"
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus"
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat"
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries"

import { ROWS, STATS } from "./dashboard-panels.ts"
import type { Shown } from "./dashboard-panels.ts"

const SOURCE = { type: "prometheus", uid: "${datasource}" }
const COLUMNS = 24

/** deploy/grafana/firn.json. */
export function dashboard(): Dashboard {
  const builder = new DashboardBuilder("Firn")
    .uid("firn")
    .description("Nodes of Firn: ids, clients, clocks, marks, other nodes.")
    .tags(["firn"])
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .withVariable(new DatasourceVariableBuilder("datasource").type("prometheus"))
    .withVariable(variable("job", "label_values(firn_ready, job)"))
    .withVariable(
      variable("instance", 'label_values(firn_ready{job="$job"}, instance)')
        .multi(true)
        .includeAll(true)
        .allValue(".*"),
    )
  for (const shown of STATS) builder.withPanel(stat(shown))
  for (const { title, panels } of ROWS) {
    builder.withRow(new RowBuilder(title))
    for (const shown of panels) builder.withPanel(curve(shown))
  }
  return builder.build()
}

/** Every query of it. */
export function dashboardQueries(): string[] {
  const panels = [...STATS, ...ROWS.flatMap((row) => row.panels)]
  return panels.flatMap(({ queries }) => Object.values(queries))
}

function variable(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name).datasource(SOURCE).query(query).refresh(1)
}

function stat({ title, about, unit, queries }: Shown): StatBuilder {
  const panel = new StatBuilder().title(title).description(about).unit(unit).datasource(SOURCE)
  for (const target of targets(queries)) panel.withTarget(target)
  return panel.span(COLUMNS / STATS.length).height(4)
}

function curve({ title, about, unit, queries }: Shown): TimeseriesBuilder {
  const panel = new TimeseriesBuilder().title(title).description(about).unit(unit).min(0)
  for (const target of targets(queries)) panel.withTarget(target)
  return panel
    .datasource(SOURCE)
    .span(COLUMNS / 4)
    .height(8)
}

function targets(queries: Shown["queries"]): DataqueryBuilder[] {
  return Object.entries(queries).map(([legend, expression], i) => {
    const id = String.fromCharCode("A".charCodeAt(0) + i)
    return new DataqueryBuilder().refId(id).expr(expression).legendFormat(legend)
  })
}
