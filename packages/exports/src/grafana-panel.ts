import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Threshold as GrafanaThreshold,
  type GridPos,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as GaugeBuilder } from '@grafana/grafana-foundation-sdk/gauge'
import { PanelBuilder as HeatmapBuilder, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { PanelUnit, PanelView, Threshold } from '@signalbox/dashboards'
import { grafanaUnits } from './grafana-units.ts'

/** The Prometheus that the reader of the dashboard chooses at its top. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own notation
export const datasource = { type: 'prometheus', uid: '${datasource}' } as const

/** Colours of the levels, by Grafana's names for them. */
const COLOURS: Readonly<Record<Threshold['level'], string>> = { ok: 'green', warning: 'yellow', critical: 'red' }

/** What a panel says that has no series, rather than a bare "No data". */
const NO_VALUE = 'no traffic, or not published'

/** Scale of a share, so that a gauge's arc is the whole of it. */
const FULL: Partial<Readonly<Record<PanelUnit, number>>> = { ratio: 1, percent: 100 }

type AnyPanelBuilder = TimeseriesBuilder | GaugeBuilder | StatBuilder | HeatmapBuilder

/** One panel at its place. `id` is Grafana's number for it. */
export function grafanaPanel(panel: PanelView, id: number, position: GridPos): Builder<Panel> {
  const builder = builderOf(panel)
    .id(id)
    .gridPos(position)
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .unit(grafanaUnits[panel.unit])
    .noValue(NO_VALUE)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(panel.thresholds)))
  for (const [index, { expr, legend }] of panel.queries.entries()) {
    const query = new DataqueryBuilder().datasource(datasource).refId(refIdOf(index)).expr(expr).legendFormat(legend)
    builder.withTarget(panel.kind === 'heatmap' ? query.format(PromQueryFormat.Heatmap) : query.range())
  }
  return builder
}

function builderOf(panel: PanelView): AnyPanelBuilder {
  switch (panel.kind) {
    case 'timeseries':
      return timeseries(panel)
    case 'gauge':
      return withScale(new GaugeBuilder().reduceOptions(latest()).showThresholdMarkers(true), panel)
    case 'stat':
      return withScale(new StatBuilder().reduceOptions(latest()), panel)
    case 'heatmap':
      return new HeatmapBuilder().calculate(false).yAxis(new YAxisConfigBuilder().unit(grafanaUnits[panel.unit]))
  }
}

function timeseries(panel: PanelView): TimeseriesBuilder {
  const builder = new TimeseriesBuilder()
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .fillOpacity(panel.queries.length === 1 ? 10 : 0)
    .axisSoftMin(0)
  if (panel.thresholds.length > 0) builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  const full = FULL[panel.unit]
  // A share of what was expected may be above the whole: the axis reaches at least so far.
  return full === undefined ? builder : builder.min(0).axisSoftMax(full)
}

function withScale<B extends GaugeBuilder | StatBuilder>(builder: B, panel: PanelView): B {
  const full = FULL[panel.unit]
  if (full !== undefined) builder.min(0).max(full)
  return builder
}

function latest(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)
}

/** Grafana's lowest step has no value: it is everything below the next. */
function stepsOf(thresholds: readonly Threshold[]): GrafanaThreshold[] {
  const [lowest, ...others] = thresholds
  const base = { value: null, color: COLOURS[lowest?.level ?? 'ok'] }
  return [base, ...others.map(({ value, level }) => ({ value, color: COLOURS[level] }))]
}

/** A, B, ... Z, AA, AB, ... */
function refIdOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : `${refIdOf(Math.floor(index / 26) - 1)}${letter}`
}
