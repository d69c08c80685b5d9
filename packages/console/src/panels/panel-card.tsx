import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { PanelView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { chooseAxis } from '../format/axis.ts'
import type { LiveState } from '../query/live-query.ts'
import { useLive } from '../query/use-live.ts'
import type { TimeRange } from '../shell/time-range.ts'
import { Failure } from '../ui/message.tsx'
import { Chart } from './chart.tsx'
import { Gauges } from './gauges.tsx'
import { Legend } from './legend.tsx'
import { type PanelData, PanelFeed } from './panel-feed.ts'
import { drawnMax, summarize } from './panel-summary.ts'
import { PanelTable } from './panel-table.tsx'
import { colorSeries } from './series-names.ts'

/** One signal over time, its values now, and how it was asked. */
export function PanelCard({ panel, range }: { panel: PanelView; range: TimeRange }) {
  const app = useApp()
  const asTable = useSignal(false)
  const key = `${panel.id} ${range.seconds} ${panel.queries.map(({ expr }) => expr).join(' ')}`
  const live = useLive<PanelData>(
    key,
    () => {
      const feed = new PanelFeed(panel, range, { queries: app.api, now: app.serverNowMs })
      return (signal) => feed.load(signal)
    },
    { keep: true },
  )
  const { data, error } = live.value
  // When nobody answers, the verdict says so once; each panel then only shows that it is old, and stays where it is.
  const old = error !== undefined && data !== undefined
  const silent = old && error.code === 'unreachable'
  const axis = chooseAxis(panel.unit, data === undefined ? 0 : drawnMax(data.view, panel.thresholds))
  return (
    <figure class={`panel panel-${panel.kind}${old ? ' panel-old' : ''}`}>
      <figcaption class="panel-head">
        <h3 title={panel.description}>{panel.title}</h3>
        {panel.kind === 'timeseries' && data !== undefined && data.view.series.length > 0 && <span class="panel-unit">{axis.unit}</span>}
        {silent && (
          <span class="panel-age" title={error.message}>
            old
          </span>
        )}
        <button
          type="button"
          class="link-button"
          aria-pressed={asTable.value}
          onClick={() => {
            asTable.value = !asTable.value
          }}
        >
          {asTable.value ? 'chart' : 'table'}
          <span class="offscreen"> of {panel.title}</span>
        </button>
      </figcaption>
      {!silent && <PanelProblem panel={panel} state={live.value} />}
      {data === undefined ? (
        live.value.error === undefined && <div class="skeleton chart-space">Loading.</div>
      ) : asTable.value ? (
        <PanelTable panel={panel} data={data} />
      ) : (
        <PanelDrawing panel={panel} data={data} old={old} />
      )}
    </figure>
  )
}

function PanelDrawing({ panel, data, old }: { panel: PanelView; data: PanelData; old: boolean }) {
  const colors = useMemo(() => colorSeries(data.names, data.view.series), [data])
  const empty = data.view.series.length === 0
  return (
    <>
      <p class="offscreen">{summarize(panel, data.names, data.view)}</p>
      {panel.kind === 'gauge' && <Gauges panel={panel} readings={data.readings} old={old} colorOf={(name) => colors[data.names.indexOf(name)]} />}
      {empty ? (
        panel.kind === 'timeseries' && (
          <p class="chart-space no-data" title={panel.description}>
            No data in this range: no traffic yet, or no engine publishes this signal.
          </p>
        )
      ) : (
        <Chart panel={panel} data={data} colors={colors} height={panel.kind === 'gauge' ? 96 : 156} />
      )}
      {panel.kind === 'timeseries' && !empty && <Legend panel={panel} data={data} colors={colors} old={old} />}
      {data.dropped > 0 && <p class="hint">{data.dropped} more series are not shown.</p>}
    </>
  )
}

/** The error stands in its own panel, with the query that caused it; the other panels go on. */
function PanelProblem({ panel, state }: { panel: PanelView; state: LiveState<PanelData> }) {
  if (state.error === undefined) return null
  return (
    <div class="panel-problem">
      <Failure failure={state.error} failures={state.failures} />
      {state.data !== undefined && <p>What is drawn is from before.</p>}
      <details open={state.data === undefined}>
        <summary>PromQL</summary>
        {panel.queries.map(({ expr }) => (
          <pre key={expr}>{expr}</pre>
        ))}
      </details>
    </div>
  )
}
