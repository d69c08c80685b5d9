import type { PanelView } from '../api-types.ts'
import { formatValueOf } from '../format/axis.ts'
import { AspectIcon } from '../ui/icon.tsx'
import { Unknown } from '../ui/status.tsx'
import type { GaugeReading } from './panel-feed.ts'
import { levelAt } from './panel-summary.ts'
import type { SeriesColor } from './series-names.ts'

/** The fleet's reading and this many endpoints less one. */
const GAUGES_MAX = 7

interface Props {
  readonly panel: PanelView
  readonly readings: readonly GaugeReading[]
  /** The readings are not from now: they say nothing about the level. */
  readonly old: boolean
  /** Colour of the line of the same name in the chart below. */
  readonly colorOf: (name: string) => SeriesColor | undefined
}

/** Readings as number and bar, thresholds as marks on it. No needles. */
export function Gauges({ panel, readings, old, colorOf }: Props) {
  if (readings.length === 0) return <p class="no-data">No reading: no traffic, or no engine publishes this signal.</p>
  const top =
    panel.unit === 'ratio' ? 1 : Math.max(...readings.map(({ value }) => value ?? 0), ...panel.thresholds.map(({ value }) => value * 1.2), 1)
  return (
    <ul class="gauges">
      {readings.slice(0, GAUGES_MAX).map((reading) => (
        <Gauge key={reading.name} panel={panel} reading={reading} top={top} old={old} color={colorOf(reading.name)} />
      ))}
      {readings.length > GAUGES_MAX && <li class="hint">{readings.length - GAUGES_MAX} more are in the table above.</li>}
    </ul>
  )
}

interface GaugeProps {
  readonly panel: PanelView
  readonly reading: GaugeReading
  readonly top: number
  readonly old: boolean
  readonly color: SeriesColor | undefined
}

function Gauge({ panel, reading, top, old, color }: GaugeProps) {
  const { name, value } = reading
  const level = value === null || old ? undefined : levelAt(panel.thresholds, panel.good, value)
  return (
    <li class={`gauge gauge-${level ?? 'unknown'}`}>
      <span class="gauge-name">
        {color !== undefined && <span class={`swatch hue-${color.hue} shade-${color.shade}`} aria-hidden="true" />} {name}
      </span>
      <span class="gauge-track" aria-hidden="true">
        <span class="gauge-fill" style={{ width: `${(Math.min(top, Math.max(0, value ?? 0)) / top) * 100}%` }} />
        {panel.thresholds
          .filter((threshold) => threshold.value > 0 && threshold.value < top)
          .map((threshold) => (
            <span key={threshold.value} class={`gauge-mark mark-${threshold.level}`} style={{ left: `${(threshold.value / top) * 100}%` }} />
          ))}
      </span>
      <span class="gauge-value">{value === null ? <Unknown word="no traffic" /> : formatValueOf(panel.unit, value)}</span>
      <span class="gauge-level">
        {old && 'old'}
        {level !== undefined && (
          <>
            <AspectIcon aspect={level} /> {level}
          </>
        )}
      </span>
    </li>
  )
}
