import type { ReportInterval } from '@signalbox/replay'
import uPlot from 'uplot'

/** One line of a chart: a variant's mean and interval at each load, in the order of the loads; null: not known. */
interface PlotLine {
  readonly name: string
  /** Index of its colour among the theme's hues. */
  readonly hue: number
  readonly points: readonly (ReportInterval | null)[]
}

export interface LoadPlotOptions {
  readonly loads: readonly number[]
  readonly lines: readonly PlotLine[]
  readonly height: number
  formatValue(value: number): string
  formatLoad(load: number): string
}

/** Largest value over smallest from which on a chart is logarithmic: below, the eye compares lengths. */
const LOG_FROM = 30
/** Pixels by which the points of one load stand apart, so that their intervals can be told apart. */
const APART = 5
const HUES = 8

/** Draws means as lines over the load, and their intervals as bars through the points. Answers how to take it away. */
export function drawLoadPlot(host: HTMLElement, options: LoadPlotOptions): () => void {
  const { loads, lines, height, formatValue, formatLoad } = options
  const style = getComputedStyle(document.documentElement)
  const ink = (name: string): string => style.getPropertyValue(name).trim()
  const colors = lines.map(({ hue }) => ink(`--series-${hue % HUES}-middle`))
  const text = ink('--ink-2')
  const font = `11px ${ink('--font')}`
  const known = lines.flatMap(({ points }) =>
    points.flatMap((point) => (point === null ? [] : [point.low ?? point.mean, point.mean, point.high ?? point.mean])),
  )
  const top = Math.max(0, ...known)
  const positive = known.filter((value) => value > 0)
  const least = Math.min(...positive)
  const isLog = positive.length === known.length && top / least > LOG_FROM
  const lineOfSeries = (index: number): PlotLine | undefined => lines[index - 1]
  const drawIntervals = (plot: uPlot, index: number): void => {
    const line = lineOfSeries(index)
    if (line === undefined || plot.series[index]?.show === false) return
    const { ctx } = plot
    const shift = (index - 1 - (lines.length - 1) / 2) * APART * devicePixelRatio
    ctx.save()
    ctx.strokeStyle = colors[index - 1] ?? text
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = 1.5 * devicePixelRatio
    for (const [at, point] of line.points.entries()) {
      const load = loads[at]
      if (point === null || load === undefined) continue
      const x = plot.valToPos(load, 'x', true) + shift
      const { top: upper, height: tall } = plot.bbox
      const y = (value: number): number => Math.min(upper + tall, Math.max(upper, plot.valToPos(Math.max(value, isLog ? least : 0), 'y', true)))
      ctx.beginPath()
      ctx.moveTo(x, y(point.low ?? point.mean))
      ctx.lineTo(x, y(point.high ?? point.mean))
      ctx.stroke()
      ctx.beginPath()
      ctx.arc(x, y(point.mean), 3 * devicePixelRatio, 0, 2 * Math.PI)
      ctx.fill()
    }
    ctx.restore()
  }
  const span = (loads.at(-1) ?? 1) - (loads[0] ?? 0)
  const margin = span === 0 ? 0.5 : span * 0.14
  const plot = new uPlot(
    {
      width: Math.max(160, host.clientWidth),
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 12, 0, 0],
      scales: {
        x: { time: false, range: () => [(loads[0] ?? 0) - margin, (loads.at(-1) ?? 1) + margin] },
        y: isLog ? { distr: 3, range: () => [10 ** Math.floor(Math.log10(least)), top * 1.25] } : { range: () => [0, top === 0 ? 1 : top * 1.08] },
      },
      axes: [
        {
          stroke: text,
          grid: { show: false },
          ticks: { show: false },
          font,
          size: 24,
          splits: () => [...loads],
          values: (_, splits) => splits.map((load) => formatLoad(load)),
        },
        {
          stroke: text,
          grid: { stroke: ink('--chart-grid'), width: 1 },
          ticks: { show: false },
          font,
          size: 62,
          values: (_, splits) => splits.map((value) => (value === null ? '' : formatValue(value))),
        },
      ],
      series: [{}, ...lines.map(({ name }, index) => ({ label: name, stroke: colors[index] ?? text, width: 1.5, points: { show: false } }))],
      hooks: { drawSeries: [drawIntervals] },
    },
    [[...loads], ...lines.map(({ points }) => points.map((point) => point?.mean ?? null))],
    host,
  )
  const resize = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height })
  })
  resize.observe(host)
  return () => {
    resize.disconnect()
    plot.destroy()
  }
}
