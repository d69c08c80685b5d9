import { useEffect, useRef } from 'preact/hooks'
import type { PanelView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatValueOf } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import type { PanelData } from './panel-feed.ts'
import { indexAt } from './panel-summary.ts'
import type { SeriesColor } from './series-names.ts'
import { TimePlot } from './time-plot.ts'

interface Props {
  readonly panel: PanelView
  readonly data: PanelData
  readonly colors: readonly SeriesColor[]
  readonly height: number
}

/** A time series on a canvas. The arrow keys move the crosshair, which all charts share. */
export function Chart({ panel, data, colors, height }: Props) {
  const { crosshairMs, drawnTheme } = useApp()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<TimePlot | undefined>(undefined)
  const latest = useRef(data)
  latest.current = data
  // Lines and their colours are part of a plot; points are not.
  const shape = `${panel.id}|${data.names.join('|')}|${height}`

  useEffect(() => {
    if (host.current === null) return
    const drawn = new TimePlot(host.current, { panel, names: data.names, colors, height, crosshairMs })
    plot.current = drawn
    drawn.draw(latest.current.view)
    return () => {
      plot.current = undefined
      drawn.close()
    }
  }, [shape])
  useEffect(() => plot.current?.draw(data.view), [data])
  const theme = drawnTheme.value
  useEffect(() => plot.current?.recolor(), [theme])

  const move = (event: KeyboardEvent) => {
    const { view } = latest.current
    const last = view.times.length - 1
    const from = crosshairMs.value === null ? last : indexAt(view, crosshairMs.value)
    const step = event.shiftKey ? 10 : 1
    const next: Record<string, number | undefined> = { ArrowLeft: from - step, ArrowRight: from + step, Home: 0, End: last }
    const index = next[event.key]
    if (event.key === 'Escape') crosshairMs.value = null
    if (index === undefined) return
    event.preventDefault()
    crosshairMs.value = (view.times[Math.min(last, Math.max(0, index))] ?? 0) * 1000
  }
  return (
    <div
      ref={host}
      class="chart"
      role="slider"
      tabIndex={0}
      aria-label={`${panel.title}, crosshair`}
      aria-valuemin={0}
      aria-valuemax={data.view.times.length - 1}
      aria-valuenow={crosshairMs.value === null ? data.view.times.length - 1 : indexAt(data.view, crosshairMs.value)}
      aria-valuetext={readout(panel, data, crosshairMs.value)}
      onKeyDown={move}
      onBlur={() => {
        crosshairMs.value = null
      }}
    />
  )
}

function readout(panel: PanelView, data: PanelData, timeMs: number | null): string {
  const { view, names } = data
  const index = timeMs === null ? view.times.length - 1 : indexAt(view, timeMs)
  const values = view.series.map((series, position) => `${names[position] ?? ''} ${formatValueOf(panel.unit, series.values[index] ?? null)}`)
  return `${formatClock((view.times[index] ?? 0) * 1000, true)}: ${values.join(', ')}`
}
