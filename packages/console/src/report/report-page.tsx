import { useSignal } from '@preact/signals'
import type { ExperimentReport, ReportLoad, ReportMetric } from '@signalbox/replay'
import { useEffect, useRef } from 'preact/hooks'
import { formatCount } from '../format/numbers.ts'
import { drawLoadPlot } from './load-plot.ts'
import { intervalText, metricText } from './report-text.ts'

const CHART_HEIGHT = 190

/** The whole report: what was run, curves over the load, every number. Nothing is fetched. */
export function ReportPage({ report }: { report: ExperimentReport }) {
  const variants = [...new Set(report.loads.flatMap(({ rows }) => rows.map(({ variant }) => variant)))]
  const hidden = useSignal<ReadonlySet<string>>(new Set())
  const toggle = (variant: string): void => {
    const next = new Set(hidden.value)
    if (!next.delete(variant)) next.add(variant)
    hidden.value = next
  }
  return (
    <main class="report">
      <header>
        <h1>{report.title}</h1>
        {report.simulated === true && <p class="simulated">Simulated engines: step times are published fits, no GPU took part.</p>}
        {report.stopped && <p class="stopped">Stopped before its end: some rows have fewer runs behind them.</p>}
      </header>
      <dl class="facts">
        {report.facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section aria-label="Curves">
        <ul class="variants">
          {variants.map((variant, index) => (
            <li key={variant}>
              <button type="button" aria-pressed={!hidden.value.has(variant)} onClick={() => toggle(variant)}>
                <span class={`swatch hue-${index % 8} shade-middle`} aria-hidden="true" />
                {variant}
              </button>
            </li>
          ))}
        </ul>
        <div class="charts">
          {report.metrics.map((metric) => (
            <Chart key={metric.id} report={report} metric={metric} variants={variants} hidden={hidden.value} />
          ))}
        </div>
      </section>
      {report.loads.map((load) => (
        <LoadTable key={load.load} report={report} load={load} />
      ))}
      <footer>
        <p>
          Each cell is the mean over the runs, and its 95 % interval where there are several. Green is the best at that load, and what is not told
          apart from it run by run.
        </p>
        <ul>
          {report.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
        <p>Repeat it with</p>
        <pre>{report.command}</pre>
      </footer>
    </main>
  )
}

interface ChartProps {
  readonly report: ExperimentReport
  readonly metric: ReportMetric
  readonly variants: readonly string[]
  readonly hidden: ReadonlySet<string>
}

function Chart({ report, metric, variants, hidden }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (host.current === null) return undefined
    const lines = variants
      .map((name, hue) => ({
        name,
        hue,
        points: report.loads.map(({ rows }) => rows.find(({ variant }) => variant === name)?.values[metric.id] ?? null),
      }))
      .filter(({ name }) => !hidden.has(name))
    return drawLoadPlot(host.current, {
      loads: report.loads.map(({ load }) => load),
      lines,
      height: CHART_HEIGHT,
      formatValue: (value) => metricText(metric, value),
      formatLoad: String,
    })
  }, [report, metric, variants.join(), [...hidden].join()])
  return (
    <figure class="chart-card">
      <figcaption title={metric.description}>
        {metric.label}
        <span class="better">{metric.better === 'less' ? 'less is better' : metric.better === 'more' ? 'more is better' : ''}</span>
      </figcaption>
      <div ref={host} role="img" aria-label={`${metric.label} over ${report.loadLabel}; the tables below have the numbers`} />
    </figure>
  )
}

function LoadTable({ report, load }: { report: ExperimentReport; load: ReportLoad }) {
  return (
    <section>
      <h2>
        {report.loadLabel} {load.load}
        {load.requestsPerSecond !== null && <span class="rate">{formatCount(load.requestsPerSecond)} requests/s</span>}
      </h2>
      <div class="table-frame">
        <table class="data">
          <thead>
            <tr>
              <th scope="col">{report.kind === 'replay' ? 'Policy' : 'Target'}</th>
              {report.metrics.map((metric) => (
                <th key={metric.id} scope="col" class="number" title={metric.description}>
                  {metric.label}
                </th>
              ))}
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number">
                Runs
              </th>
            </tr>
          </thead>
          <tbody>
            {load.rows.map((row) => (
              <tr key={row.variant}>
                <th scope="row">{row.variant}</th>
                {report.metrics.map((metric) => {
                  const value = row.values[metric.id] ?? null
                  return (
                    <td key={metric.id} class={row.best.includes(metric.id) ? 'number best' : 'number'}>
                      {metricText(metric, value?.mean ?? null)}
                      <span class="secondary">{value === null ? '' : intervalText(metric, value)}</span>
                    </td>
                  )
                })}
                <td class="number">{formatCount(row.failed)}</td>
                <td class="number">{row.seeds}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
