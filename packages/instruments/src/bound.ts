import type { ExpositionFormat } from '@signalbox/exposition'
import type { BoundSpelling } from '@signalbox/signals'

/**
 * The value of label `le` for an upper bound >= 0, as the client library of a dialect spells it: the shortest digits that read
 * back the same, with an exponent of at least two digits below 1e-4 and from 1e6 on. Go adds `.0` to whole numbers in OpenMetrics,
 * Python in both formats.
 * SOURCE: prometheus/common expfmt `writeFloat` and `writeOpenMetricsFloat` over Go's strconv.FormatFloat(f, 'g', -1, 64);
 * prometheus_client `floatToGoString`, which puts a 0 before any exponent between 6 and 15.
 */
export function formatBound(bound: number, format: ExpositionFormat, spelling: BoundSpelling): string {
  if (bound === Infinity) return '+Inf'
  const text = shortest(bound, spelling)
  return (format === 'openmetrics' || spelling === 'python') && !/[.e]/.test(text) ? `${text}.0` : text
}

function shortest(bound: number, spelling: BoundSpelling): string {
  const [mantissa = '', exponentText = '0'] = bound.toExponential().split('e')
  const exponent = Number(exponentText)
  if (bound === 0 || (exponent >= -4 && exponent < 6)) return String(bound)
  if (spelling === 'python' && exponent >= 6 && exponent < 16) return `${mantissa}e+0${exponent}`
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
