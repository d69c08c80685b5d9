import { effect, type Signal } from '@preact/signals'
import uPlot from 'uplot'
import type { PanelView } from '../api-types.ts'
import { axisTop, chooseAxis, formatTick } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import { drawnMax, indexAt } from './panel-summary.ts'
import type { SeriesColor } from './series-names.ts'
import type { WindowView } from './series-window.ts'

export interface TimePlotOptions {
  readonly panel: PanelView
  readonly names: readonly string[]
  readonly colors: readonly SeriesColor[]
  readonly height: number
  readonly crosshairMs: Signal<number | null>
}

/** Colours of the theme in force, as the style sheet defines them. */
interface Ink {
  readonly grid: string
  readonly text: string
  readonly font: string
  readonly lines: readonly string[]
  readonly levels: Readonly<Record<'ok' | 'warning' | 'critical', string>>
}

/** uPlot, kept for the life of a chart: new points replace the old ones in place. */
export class TimePlot {
  readonly #options: TimePlotOptions
  readonly #plot: uPlot
  readonly #resize: ResizeObserver
  readonly #stopCrosshair: () => void
  #ink: Ink
  #view: WindowView | undefined
  #pointed = false

  constructor(host: HTMLElement, options: TimePlotOptions) {
    this.#options = options
    this.#ink = readInk(options.colors)
    const width = Math.max(120, host.clientWidth)
    this.#plot = new uPlot(this.#plotOptions(width), [[], ...options.names.map(() => [])], host)
    this.#resize = new ResizeObserver(() => {
      if (host.clientWidth > 0 && host.clientWidth !== this.#plot.width) this.#plot.setSize({ width: host.clientWidth, height: options.height })
    })
    this.#resize.observe(host)
    this.#stopCrosshair = effect(() => this.#follow(options.crosshairMs.value))
  }

  /** Draws new points. The number of lines is that of the names. */
  draw(view: WindowView): void {
    this.#view = view
    this.#plot.setData([[...view.times], ...view.series.map(({ values }) => [...values])])
    if (!this.#pointed) this.#follow(this.#options.crosshairMs.peek())
  }

  /** Takes the colours of another theme. */
  recolor(): void {
    this.#ink = readInk(this.#options.colors)
    this.#plot.redraw(false, true)
  }

  close(): void {
    this.#stopCrosshair()
    this.#resize.disconnect()
    this.#plot.destroy()
  }

  /** Shows the crosshair where another chart, or a key, put it. */
  #follow(timeMs: number | null): void {
    const view = this.#view
    if (view === undefined || this.#pointed) return
    if (timeMs === null) {
      this.#plot.setCursor({ left: -10, top: -10 }, false)
      return
    }
    const left = this.#plot.valToPos(view.times[indexAt(view, timeMs)] ?? 0, 'x')
    this.#plot.setCursor({ left, top: 0 }, false)
  }

  #pointedAt(plot: uPlot): void {
    const view = this.#view
    const { idx, left } = plot.cursor
    if (view === undefined || !this.#pointed) return
    const time = idx === null || idx === undefined || left === undefined || left < 0 ? undefined : view.times[idx]
    this.#options.crosshairMs.value = time === undefined ? null : time * 1000
  }

  #max(): number {
    return this.#view === undefined ? 0 : drawnMax(this.#view, this.#options.panel.thresholds)
  }

  #axis() {
    return chooseAxis(this.#options.panel.unit, this.#max())
  }

  #plotOptions(width: number): uPlot.Options {
    const { panel, names, height } = this.#options
    const font = this.#ink.font
    const grid = { stroke: () => this.#ink.grid, width: 1 }
    const stroke = () => this.#ink.text
    const ticks = { show: false }
    return {
      width,
      height,
      legend: { show: false },
      // On the right, half of a time's label: one may stand at the very end of the axis.
      padding: [8, 20, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, bind: this.#binding() },
      scales: { x: { time: true }, y: { range: () => [0, axisTop(panel.unit, this.#max())] } },
      axes: [
        {
          stroke,
          grid: { show: false },
          ticks,
          font,
          size: 22,
          space: 64,
          values: (_, splits, __, ___, step) => splits.map((split) => formatClock(split * 1000, step < 60)),
        },
        {
          stroke,
          grid,
          ticks,
          font,
          size: 44,
          gap: 4,
          space: 24,
          incrs: () => [...(this.#axis().increments ?? decimalIncrements)],
          values: (_, splits) => splits.map((split) => formatTick(split, this.#axis())),
        },
      ],
      series: [{}, ...names.map((_, index) => this.#line(index))],
      hooks: { setCursor: [(plot) => this.#pointedAt(plot)], drawAxes: [(plot) => this.#drawThresholds(plot)] },
    }
  }

  #line(index: number): uPlot.Series {
    return { stroke: () => this.#ink.lines[index] ?? this.#ink.text, width: 1.5, spanGaps: false, points: { show: false } }
  }

  /** Notes whether the pointer is in this chart: only then does its cursor speak for all. */
  #binding(): uPlot.Cursor.Bind {
    const note = (pointed: boolean): uPlot.Cursor.MouseListenerFactory => {
      return (_, __, handler) => (event) => {
        this.#pointed = pointed
        handler(event)
        if (!pointed) this.#options.crosshairMs.value = null
        return null
      }
    }
    return { mouseenter: note(true), mousemove: note(true), mouseleave: note(false), dblclick: () => null }
  }

  #drawThresholds(plot: uPlot): void {
    const { ctx, bbox } = plot
    const top = plot.scales['y']?.max ?? 0
    ctx.save()
    ctx.lineWidth = uPlot.pxRatio
    ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio])
    for (const { value, level } of this.#options.panel.thresholds) {
      if (value <= 0 || value > top) continue
      const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5
      ctx.strokeStyle = this.#ink.levels[level]
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
    }
    ctx.restore()
  }
}

/** 1, 2 and 5 times the powers of ten from a microsecond to a billion. */
const decimalIncrements = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** (power - 6))).flat()

function readInk(colors: readonly SeriesColor[]): Ink {
  const style = getComputedStyle(document.documentElement)
  const read = (name: string) => style.getPropertyValue(name).trim()
  return {
    grid: read('--chart-grid'),
    text: read('--ink-2'),
    font: `11px ${read('--font')}`,
    lines: colors.map(({ hue, shade }) => read(`--series-${hue}-${shade}`)),
    levels: { ok: read('--ok'), warning: read('--warning'), critical: read('--critical') },
  }
}
