import { type Random, seededRandom } from '@signalbox/base'
import type { SentSeries } from '../../packages/monitor/src/remote-write/encoded-request.case.ts'

/** Between scrapes of the demo services. */
const INTERVAL_MS = 5_000

/** Of data before the end: an hour of range, 10 minutes of offset and 5 of looking back. */
const SPAN_MS = 75 * 60_000

/** Samples lie off the grid of steps: 2.x and 3.x disagree about samples exactly at the edge of a window. */
const OFF_GRID_MS = 137

const STALE = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0] as number

const INSTANCES = ['demo.promlabs.com:10000', 'demo.promlabs.com:10001', 'demo.promlabs.com:10002']
const BOUNDS = Array.from({ length: 25 }, (_, i) => 0.0001 * 1.5 ** i)

/** The value of a series at its next scrape; undefined where the scrape lacks it. */
type Walk = (step: number, timeMs: number) => number | undefined

/**
 * What three demo services would have shown in the 75 minutes before `endMs`: gauges, counters with resets, a classic histogram, a
 * series that comes and goes with stale markers. The same for the same end.
 */
export function demoData(endMs: number): SentSeries[] {
  const random = seededRandom(1)
  const startMs = Math.floor((endMs - SPAN_MS) / INTERVAL_MS) * INTERVAL_MS + OFF_GRID_MS
  const count = Math.floor((endMs - startMs) / INTERVAL_MS) + 1
  const timesMs = Array.from({ length: count }, (_, i) => startMs + i * INTERVAL_MS)
  const all: SentSeries[] = []
  for (const instance of INSTANCES) {
    const add = (name: string, labels: Readonly<Record<string, string>>, walk: Walk): void => {
      all.push(sampled({ __name__: name, instance, job: 'demo', ...labels }, timesMs, walk))
    }
    for (const type of ['buffers', 'cached', 'free', 'used']) add('demo_memory_usage_bytes', { type }, gauge(random, 1e9, 1e7))
    add('demo_num_cpus', {}, () => 4)
    for (const mode of ['idle', 'system', 'user']) add('demo_cpu_usage_seconds_total', { mode }, counter(random, 2, true))
    add('demo_disk_usage_bytes', {}, gauge(random, 5e10, 1e8))
    add('demo_disk_total_bytes', {}, () => 160e9)
    add('demo_batch_last_success_timestamp_seconds', {}, (_, timeMs) => Math.floor(timeMs / 300_000) * 300 + 0.25)
    add('demo_items_shipped_total', {}, counter(random, 5, false))
    add('demo_intermittent_metric', {}, (step) => (step % 60 < 40 ? 1 : undefined))
    for (const path of ['/api/bar', '/api/foo']) addHistogram(add, random, { method: 'GET', path, status: '200' })
  }
  return all
}

function addHistogram(
  add: (name: string, labels: Readonly<Record<string, string>>, walk: Walk) => void,
  random: Random,
  labels: Readonly<Record<string, string>>,
): void {
  const name = 'demo_api_request_duration_seconds'
  let observations = 0
  const shares = BOUNDS.map((_, i) => 1 - Math.exp(-(i + 1) / 6))
  const grown: number[] = []
  const countAt = (step: number): number => {
    while (grown.length <= step) {
      observations += Math.floor(random.next() * 40)
      grown.push(observations)
    }
    return grown[step] as number
  }
  for (const [i, bound] of BOUNDS.entries()) {
    add(`${name}_bucket`, { ...labels, le: String(bound) }, (step) => Math.floor(countAt(step) * (shares[i] as number)))
  }
  add(`${name}_bucket`, { ...labels, le: '+Inf' }, countAt)
  add(`${name}_count`, labels, countAt)
  add(`${name}_sum`, labels, (step) => countAt(step) * 0.0123)
}

function gauge(random: Random, start: number, step: number): Walk {
  let value = start * (0.5 + random.next())
  return () => {
    value = Math.max(0, value + Math.floor((random.next() - 0.5) * step))
    return value
  }
}

/** One that falls back to 0 now and then, as when its process starts anew. */
function counter(random: Random, step: number, resets: boolean): Walk {
  let value = 1_000 * random.next()
  return () => {
    value = resets && random.next() < 0.005 ? 0 : value + random.next() * step
    return value
  }
}

/** A series that a scrape lacks gets a stale marker at that scrape. */
function sampled(labels: Readonly<Record<string, string>>, timesMs: readonly number[], walk: Walk): SentSeries {
  const timestampsMs = new Float64Array(timesMs.length)
  const values = new Float64Array(timesMs.length)
  let length = 0
  let present = false
  for (const [step, timeMs] of timesMs.entries()) {
    const value = walk(step, timeMs)
    if (value === undefined && !present) continue
    timestampsMs[length] = timeMs
    values[length++] = value ?? STALE
    present = value !== undefined
  }
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return { labels: pairs, timestampsMs: timestampsMs.subarray(0, length), values: values.subarray(0, length) }
}
