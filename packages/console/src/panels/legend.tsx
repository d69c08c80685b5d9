import type { PanelView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatValueOf } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import type { PanelData } from './panel-feed.ts'
import { CURRENT_MS, indexAt, latestValue } from './panel-summary.ts'
import type { SeriesColor } from './series-names.ts'

interface Props {
  readonly panel: PanelView
  readonly data: PanelData
  readonly colors: readonly SeriesColor[]
  /** The newest point is not from now. */
  readonly old: boolean
}

/** Each series with its value now, or at the crosshair of whichever chart is pointed at. */
export function Legend({ panel, data, colors, old }: Props) {
  const at = useApp().crosshairMs.value
  const { view, names } = data
  const index = at === null ? undefined : indexAt(view, at)
  const shown = (values: readonly (number | null)[]) => (index === undefined ? latestValue(view, values, CURRENT_MS) : (values[index] ?? null))
  return (
    <div class="legend">
      <span class="legend-time">
        {index === undefined && !old ? 'now' : formatClock(index === undefined ? view.endMs : (view.times[index] ?? 0) * 1000, true)}
      </span>
      <ul>
        {view.series.map((series, position) => {
          const color = colors[position]
          return (
            <li key={names[position]}>
              <span class={`swatch hue-${color?.hue ?? 0} shade-${color?.shade ?? 'full'}`} aria-hidden="true" />
              <span class="legend-name">{names[position]}</span>
              <span class="legend-value">{formatValueOf(panel.unit, shown(series.values))}</span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
