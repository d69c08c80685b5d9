import type { PanelView } from '../api-types.ts'
import { formatValueOf } from '../format/axis.ts'
import { AspectIcon } from '../ui/icon.tsx'
import { Unknown } from '../ui/status.tsx'
import type { GaugeReading } from './panel-feed.ts'
import { levelAt } from './panel-summary.ts'

/** Readings as number and bar, thresholds as marks on it. No needles. */
export function Gauges({ panel, readings }: { panel: PanelView; readings: readonly GaugeReading[] }) {
  if (readings.length === 0) return <p class="no-data">No reading: no traffic, or no engine publishes this signal.</p>
  const top =
    panel.unit === 'ratio' ? 1 : Math.max(...readings.map(({ value }) => value ?? 0), ...panel.thresholds.map(({ value }) => value * 1.2), 1)
  return (
    <ul class="gauges">
      {readings.map((reading) => (
        <Gauge key={reading.name} panel={panel} reading={reading} top={top} />
      ))}
    </ul>
  )
}

function Gauge({ panel, reading, top }: { panel: PanelView; reading: GaugeReading; top: number }) {
  const { name, value } = reading
  const level = value === null ? undefined : levelAt(panel.thresholds, panel.good, value)
  return (
    <li class={`gauge gauge-${level ?? 'unknown'}`}>
      <span class="gauge-name">{name}</span>
      <span class="gauge-value">{value === null ? <Unknown word="no traffic" /> : formatValueOf(panel.unit, value)}</span>
      <span class="gauge-level">
        {level !== undefined && (
          <>
            <AspectIcon aspect={level} /> {level}
          </>
        )}
      </span>
      <span class="gauge-track" aria-hidden="true">
        <span class="gauge-fill" style={{ width: `${(Math.min(top, Math.max(0, value ?? 0)) / top) * 100}%` }} />
        {panel.thresholds
          .filter((threshold) => threshold.value > 0 && threshold.value < top)
          .map((threshold) => (
            <span key={threshold.value} class={`gauge-mark mark-${threshold.level}`} style={{ left: `${(threshold.value / top) * 100}%` }} />
          ))}
      </span>
    </li>
  )
}
