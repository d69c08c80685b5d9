import type { ExpositionFormat } from '@signalbox/exposition'

/**
 * The value of label `le` for an upper bound, as Prometheus' Go client spells it: the shortest digits that read back the same,
 * with an exponent of at least two digits below 1e-4 and from 1e6 on; OpenMetrics adds `.0` to whole numbers.
 * SOURCE: prometheus/common expfmt `writeFloat` and `writeOpenMetricsFloat` over Go's strconv.FormatFloat(f, 'g', -1, 64).
 */
export function formatBound(bound: number, format: ExpositionFormat): string {
  if (bound === Infinity) return '+Inf'
  const text = shortest(bound)
  return format === 'openmetrics' && !/[.e]/.test(text) ? `${text}.0` : text
}

function shortest(bound: number): string {
  const [mantissa = '', exponentText = '0'] = bound.toExponential().split('e')
  const exponent = Number(exponentText)
  if (bound === 0 || (exponent >= -4 && exponent < 6)) return String(bound)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
