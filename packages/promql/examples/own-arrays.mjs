import { Labels } from '@signalbox/base'
import { evaluateInstant, format, parse } from '@signalbox/promql'

const timesMs = Float64Array.of(0, 15_000, 30_000, 45_000)
const requests = (code, ...values) => ({ labels: Labels.from({ __name__: 'requests_total', code }), values: Float64Array.from(values) })
const series = [requests('200', 0, 30, 60, 90), requests('500', 0, 0, 3, 3)]

// All that a store has to do: find series by matchers, and cut their samples to the range, ends included.
function select(matchers, startMs, endMs) {
  const found = series.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))))
  const [from, to] = [timesMs.filter((timeMs) => timeMs < startMs).length, timesMs.filter((timeMs) => timeMs <= endMs).length]
  return found.map(({ labels, values }) => ({ labels, timestampsMs: timesMs.subarray(from, to), values: values.subarray(from, to) }))
}

const parsed = parse('sum by (code) (rate(requests_total[1m]))')
if (!parsed.ok) throw new Error(parsed.error.message)
const answer = evaluateInstant(parsed.value, { select }, 45_000)
if (!answer.ok) throw new Error(answer.error.message)
console.log(format(parsed.value))
for (const { labels, value } of answer.value.value.samples) console.log(labels.get('code'), value)
