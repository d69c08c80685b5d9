import { VirtualClock } from '@signalbox/base'
import { entriesOf } from '@signalbox/signals'
import * as prometheus from 'prom-client'
import { bench, describe } from 'vitest'
import { Registry } from './index.ts'

// 1,000 operations a run, so that the loop's own cost does not count: ns an operation = ms a run × 1,000.
const OPERATIONS = 1_000
const values = Float64Array.from({ length: OPERATIONS }, (_, i) => ((i * 7919) % 1009) / 100)
const registry = new Registry({ entries: entriesOf('llm-d-epp', 'inference-model', 'vllm'), clock: new VirtualClock() })
const requests = registry.counter('gateway.requests')
const ttft = registry.histogram('engine.ttft').with('llama', '0')

describe(`${OPERATIONS} records`, () => {
  const theirs = new prometheus.Registry()
  const labelNames = ['model', 'target', 'tenant', 'priority']
  const counter = new prometheus.Counter({ name: 'c', help: 'c', labelNames, registers: [theirs] })
  const histogram = new prometheus.Histogram({ name: 'h', help: 'h', buckets: [0.001, 0.01, 0.1, 1, 10, 100], registers: [theirs] })

  bench('counter by four labels', () => {
    for (let i = 0; i < OPERATIONS; i++) requests.with('llama', 'llama-a', 'tenant', '0').inc()
  })
  bench('counter by four labels, prom-client', () => {
    for (let i = 0; i < OPERATIONS; i++) counter.labels('llama', 'llama-a', 'tenant', '0').inc()
  })
  bench('observe over 22 bounds, cell kept', () => {
    for (let i = 0; i < OPERATIONS; i++) ttft.observe(values[i] as number)
  })
  bench('observe over 6 bounds, prom-client', () => {
    for (let i = 0; i < OPERATIONS; i++) histogram.observe(values[i] as number)
  })
})

describe('render a page of 5,000 series', () => {
  const SERIES = 200
  const bounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560]
  const ours = new Registry({ entries: entriesOf('vllm'), clock: new VirtualClock() })
  const theirs = new prometheus.Registry()
  const histogram = new prometheus.Histogram({
    name: 'ttft',
    help: 'ttft',
    labelNames: ['engine', 'model_name'],
    buckets: bounds,
    registers: [theirs],
  })
  for (let i = 0; i < SERIES; i++) {
    ours.histogram('engine.ttft').with(`model-${i}`, '0').observe(i)
    histogram.labels('0', `model-${i}`).observe(i)
  }

  bench('text', () => {
    ours.render('text')
  })
  bench('text, encoded', () => {
    new TextEncoder().encode(ours.render('text'))
  })
  bench('text, prom-client', async () => {
    await theirs.metrics()
  })
})
