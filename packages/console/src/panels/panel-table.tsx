import type { PanelView } from '../api-types.ts'
import { formatValueOf } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import type { PanelData } from './panel-feed.ts'

/** Rows at most; the window is thinned to them, the newest point always shown. */
const ROWS_MAX = 60

/** The chart's points as a table, newest first. */
export function PanelTable({ panel, data }: { panel: PanelView; data: PanelData }) {
  const { view, names } = data
  const every = Math.max(1, Math.ceil(view.times.length / ROWS_MAX))
  const points = view.times.map((_, index) => index).filter((index) => (view.times.length - 1 - index) % every === 0)
  if (view.series.length === 0) return <p class="no-data chart-space">No data in this range.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="panel-table" tabIndex={0} aria-label={`${panel.title} as a table`}>
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {names.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.reverse().map((point) => (
            <tr key={view.times[point]}>
              <th scope="row">{formatClock((view.times[point] ?? 0) * 1000, true)}</th>
              {view.series.map((series, index) => (
                <td key={names[index]} class="number">
                  {formatValueOf(panel.unit, series.values[point] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
