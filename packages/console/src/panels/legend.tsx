import type { PanelView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatValueOf } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import { legendRows } from './legend-rows.ts'
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

/** What a legend says of one line. */
interface Entry {
  readonly name: string
  readonly swatch: string
  readonly value: string
}

/** Each series with its value now, or at the crosshair of whichever chart is pointed at: a list, or a table where quantiles of several dialects are drawn. */
export function Legend({ panel, data, colors, old }: Props) {
  const at = useApp().crosshairMs.value
  const { view, names } = data
  const index = at === null ? undefined : indexAt(view, at)
  const shown = (values: readonly (number | null)[]) => (index === undefined ? latestValue(view, values, CURRENT_MS) : (values[index] ?? null))
  const entries = view.series.map((series, position): Entry => {
    const color = colors[position]
    return {
      name: names[position] ?? '',
      swatch: `swatch hue-${color?.hue ?? 0} shade-${color?.shade ?? 'full'}`,
      value: formatValueOf(panel.unit, shown(series.values)),
    }
  })
  const time = index === undefined && !old ? 'now' : formatClock(index === undefined ? view.endMs : (view.times[index] ?? 0) * 1000, true)
  const rows = legendRows(names)
  if (rows === undefined) return <LegendList time={time} entries={entries} />
  const others = rows.others.flatMap((line) => entries[line] ?? [])
  return (
    <>
      <table class="legend-table">
        <thead>
          <tr>
            <td>{time}</td>
            {rows.quantiles.map((quantile) => (
              <th key={quantile} scope="col">
                {quantile}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.rows.map(({ title, lines }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              {lines.map((line, column) => (
                <QuantileCell key={rows.quantiles[column]} entry={line === undefined ? undefined : entries[line]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {others.length > 0 && <LegendList time="" entries={others} />}
    </>
  )
}

function QuantileCell({ entry }: { entry: Entry | undefined }) {
  if (entry === undefined) return <td />
  return (
    <td>
      <span class={entry.swatch} aria-hidden="true" />
      <span class="legend-value">{entry.value}</span>
    </td>
  )
}

function LegendList({ time, entries }: { time: string; entries: readonly Entry[] }) {
  return (
    <div class="legend">
      <span class="legend-time">{time}</span>
      <ul>
        {entries.map(({ name, swatch, value }) => (
          <li key={name}>
            <span class={swatch} aria-hidden="true" />
            <span class="legend-name">{name}</span>
            <span class="legend-value">{value}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
