import { VirtualClock } from '@signalbox/base'
import { checkPage } from '@signalbox/exposition'
import { type DialectEntry, entriesOf } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { Registry, type RegistryOptions } from './index.ts'

const clock = new VirtualClock()

function registryOf(entries: readonly DialectEntry[], more: Partial<RegistryOptions> = {}): Registry {
  return new Registry({ entries, clock, ...more })
}

function entry(fields: Pick<DialectEntry, 'signal' | 'name' | 'type'> & Partial<DialectEntry>): DialectEntry {
  return { dialect: 'signalbox', help: 'Help.', scale: 1, labels: [], source: 'test', ...fields }
}

/** The sample lines of a page, by series. */
function samplesOf(page: string): Record<string, string> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
}

const requests = (dialect: Partial<DialectEntry>): DialectEntry =>
  entry({ signal: 'gateway.requests', name: 'requests_total', type: 'counter', ...dialect })
const overflow = entry({
  signal: 'instruments.label_overflow',
  name: 'overflow_total',
  type: 'counter',
  labels: [{ name: 'label', from: 'label' }],
})
const byModel = [{ name: 'model_name', from: 'model' }]
const byTenant = [...byModel, { name: 'fairness_id', from: 'fairness_id' }]

describe('names and labels', () => {
  it('renders one record under every name, with series that become equal summed', () => {
    const registry = registryOf([requests({ name: 'new_total', labels: byTenant }), requests({ name: 'old_total', labels: byModel })])
    registry.counter('gateway.requests').with('a', 'a-1', 'tenant 1', '0').inc(2)
    registry.counter('gateway.requests').with('a', 'a-1', 'tenant 2', '0').inc(3)
    registry.counter('gateway.requests').with('b', 'b', 'tenant 2', '1').inc()
    expect(registry.render('text')).toBe(`# HELP new_total Help.
# TYPE new_total counter
new_total{model_name="a",fairness_id="tenant 1"} 2
new_total{model_name="a",fairness_id="tenant 2"} 3
new_total{model_name="b",fairness_id="tenant 2"} 1
# HELP old_total Help.
# TYPE old_total counter
old_total{model_name="a"} 5
old_total{model_name="b"} 1
`)
  })

  it('multiplies by the scale of the entry', () => {
    const registry = registryOf([entry({ signal: 'process.start_time', name: 'start_ms', type: 'gauge', scale: 1000 })])
    registry.gauge('process.start_time').with().set(1.5)
    expect(samplesOf(registry.render('text'))).toEqual({ start_ms: '1500' })
  })

  it('renders a family once when several signals feed it', () => {
    const registry = registryOf([
      entry({ signal: 'pool.queue', name: 'load', type: 'gauge', labels: [{ name: 'pool', from: 'pool' }] }),
      entry({ signal: 'pool.ready', name: 'ready', type: 'gauge' }),
      entry({ signal: 'pool.running', name: 'load', type: 'gauge', labels: [{ name: 'pool', from: 'pool' }] }),
    ])
    registry.gauge('pool.queue').with('p').set(2)
    registry.gauge('pool.running').with('p').set(5)
    registry.gauge('pool.running').with('q').set(1)
    expect(registry.render('text')).toBe('# HELP load Help.\n# TYPE load gauge\nload{pool="p"} 7\nload{pool="q"} 1\n')
  })

  it('counts under a name its own population only', () => {
    const ttft = (name: string, more: Partial<DialectEntry>) => entry({ signal: 'gateway.ttft', name, type: 'histogram', bounds: [1], ...more })
    const registry = registryOf([ttft('all', {}), ttft('streamed', { population: { streaming: 'true' } })])
    const histogram = registry.histogram('gateway.ttft')
    histogram.with('a', 'a', 't', '0', 'true').observe(0.5)
    histogram.with('a', 'a', 't', '0', 'false').observe(3)
    expect(samplesOf(registry.render('text'))).toMatchObject({ all_count: '2', streamed_count: '1', 'streamed_bucket{le="+Inf"}': '1' })
    histogram.remove('a', 'a', 't', '0', 'false')
    histogram.remove('a', 'a', 't', '0', 'true')
    expect(samplesOf(registry.render('text'))).toMatchObject({ all_count: '2', all_sum: '3.5', streamed_count: '1', streamed_sum: '0.5' })
  })

  it('renders nothing for a signal without series', () => {
    const registry = registryOf(entriesOf('llm-d-epp', 'vllm', 'process'))
    registry.counter('gateway.requests')
    expect(registry.render('text')).toBe('')
    expect(registry.render('openmetrics')).toBe('# EOF\n')
  })

  it('escapes label values and help', () => {
    const registry = registryOf([requests({ labels: byModel, help: 'a\\b\nc' })])
    registry.counter('gateway.requests').with('say "hi"\\\n', '', '', '')
    expect(registry.render('text')).toBe(
      '# HELP requests_total a\\\\b\\nc\n# TYPE requests_total counter\nrequests_total{model_name="say \\"hi\\"\\\\\\n"} 0\n',
    )
  })

  it('answers the same cell for the same values and the same instrument for the same signal', () => {
    const registry = registryOf([requests({ labels: [...byTenant, { name: 'priority', from: 'priority' }] })])
    const cell = registry.counter('gateway.requests').with('a', 'b', 'c', '0')
    expect(registry.counter('gateway.requests').with('a', 'b', 'c', '0')).toBe(cell)
    expect(registry.counter('gateway.requests').with('a', 'b', 'c', '1')).not.toBe(cell)
  })

  it('refuses a wrong kind, a wrong number of labels, a counter that falls and an observation that is no number', () => {
    const registry = registryOf([])
    expect(() => registry.counter('pool.queue')).toThrow('pool.queue is of kind gauge')
    expect(() => registry.counter('gateway.requests').with('a')).toThrow('a value for each label')
    expect(() => registry.counter('gateway.client_errors').with().inc(-1)).toThrow('a counter only grows')
    expect(() => registry.histogram('scheduler.duration').with().observe(Number.NaN)).toThrow('an observation is a number')
    const mixed = [requests({}), entry({ signal: 'pool.queue', name: 'requests_total', type: 'gauge' })]
    expect(() => registryOf(mixed)).toThrow('requests_total has one type')
  })

  it('reads gauges when the page is rendered', () => {
    const registry = registryOf([entry({ signal: 'process.open_fds', name: 'fds', type: 'gauge' })])
    let fds = 3
    registry.onCollect(() => registry.gauge('process.open_fds').with().set(fds))
    expect(registry.render('text')).toContain('\nfds 3\n')
    fds = 4
    expect(registry.render('text')).toContain('\nfds 4\n')
  })
})

describe('OpenMetrics', () => {
  it('names counters without _total but their samples with it, and ends the page', () => {
    const registry = registryOf([requests({}), entry({ signal: 'gateway.client_errors', name: 'errors', type: 'counter' })])
    registry.counter('gateway.requests').with('a', '', '', '').inc()
    registry.counter('gateway.client_errors').with().inc()
    expect(registry.render('openmetrics')).toBe(
      '# HELP requests Help.\n# TYPE requests counter\nrequests_total 1\n# HELP errors Help.\n# TYPE errors unknown\nerrors 1\n# EOF\n',
    )
  })

  it('leaves a counter its whole name where another family has the shorter one', () => {
    const tokens = entry({ signal: 'gateway.ended_input_tokens', name: 'requests', type: 'histogram', bounds: [1] })
    const registry = registryOf([requests({}), tokens])
    registry.counter('gateway.requests').with('a', '', '', '').inc()
    registry.histogram('gateway.ended_input_tokens').with('a').observe(1)
    const page = registry.render('openmetrics')
    expect(page).toContain('# TYPE requests_total unknown\nrequests_total 1\n')
    expect(page).toContain('# TYPE requests histogram\n')
    expect(checkPage(new TextEncoder().encode(page), 'openmetrics')).toMatchObject({ ok: true })
  })

  it('says when a series began only when asked', () => {
    const entries = [requests({}), entry({ signal: 'scheduler.duration', name: 'd', type: 'histogram', bounds: [1] })]
    const registry = registryOf(entries, { clock: new VirtualClock(1_700_000_000_250), createdSamples: true })
    registry.counter('gateway.requests').with('a', '', '', '').inc()
    registry.histogram('scheduler.duration').with()
    expect(samplesOf(registry.render('openmetrics'))).toMatchObject({ requests_created: '1700000000.25', d_created: '1700000000.25' })
    expect(registry.render('text')).not.toContain('_created')
  })
})

describe('histograms', () => {
  const seconds = entry({ signal: 'scheduler.duration', name: 'seconds', type: 'histogram', bounds: [0.1, 1, 2.5] })
  const ms = entry({ signal: 'scheduler.duration', name: 'ms', type: 'histogram', scale: 1000, bounds: [5, 100, 500] })

  it('render their own bounds exactly, whatever the others need', () => {
    const registry = registryOf([seconds, ms])
    for (const value of [0.005, 0.05, 0.1, 0.3, 0.5, 2.5, 9]) registry.histogram('scheduler.duration').with().observe(value)
    expect(samplesOf(registry.render('text'))).toEqual({
      'seconds_bucket{le="0.1"}': '3',
      'seconds_bucket{le="1"}': '5',
      'seconds_bucket{le="2.5"}': '6',
      'seconds_bucket{le="+Inf"}': '7',
      seconds_sum: '12.455',
      seconds_count: '7',
      'ms_bucket{le="5"}': '1',
      'ms_bucket{le="100"}': '3',
      'ms_bucket{le="500"}': '5',
      'ms_bucket{le="+Inf"}': '7',
      ms_sum: '12455',
      ms_count: '7',
    })
    expect(registry.render('openmetrics')).toContain('seconds_bucket{le="1.0"} 5\n')
  })

  it("spell le as the dialect's client does", () => {
    const bounds = [0.5, 1, 1_048_576]
    const common = { signal: 'gateway.itl', type: 'histogram', bounds } as const
    const registry = registryOf([entry({ ...common, name: 'go' }), entry({ ...common, name: 'python', dialect: 'vllm' })])
    registry.histogram('gateway.itl').with('', '', '', '').observe(0.7)
    const spelled = (format: 'text' | 'openmetrics', name: string) =>
      [...registry.render(format).matchAll(/^(\w+)_bucket\{le="(.*)"\} /gm)].filter(([, family]) => family === name).map(([, , le]) => le)
    expect(spelled('text', 'go')).toEqual(['0.5', '1', '1.048576e+06', '+Inf'])
    expect(spelled('openmetrics', 'go')).toEqual(['0.5', '1.0', '1.048576e+06', '+Inf'])
    expect(spelled('text', 'python')).toEqual(['0.5', '1.0', '1.048576e+06', '+Inf'])
    expect(spelled('openmetrics', 'python')).toEqual(['0.5', '1.0', '1.048576e+06', '+Inf'])
  })

  it('show what was recorded since the last page, in the format that is asked for', () => {
    const registry = registryOf([entry({ signal: 'scheduler.duration', name: 'd', type: 'histogram', bounds: [1] })])
    const cell = registry.histogram('scheduler.duration').with()
    const page = () => registry.render('text').slice(registry.render('text').indexOf('d_bucket'))
    cell.observe(0)
    expect(page()).toBe('d_bucket{le="1"} 1\nd_bucket{le="+Inf"} 1\nd_sum 0\nd_count 1\n')
    expect(page()).toBe('d_bucket{le="1"} 1\nd_bucket{le="+Inf"} 1\nd_sum 0\nd_count 1\n')
    expect(registry.render('openmetrics')).toContain('d_bucket{le="1.0"} 1\n')
    cell.observe(0)
    expect(registry.render('openmetrics')).toContain('d_bucket{le="1.0"} 2\n')
    expect(page()).toBe('d_bucket{le="1"} 2\nd_bucket{le="+Inf"} 2\nd_sum 0\nd_count 2\n')
  })

  it('put le behind the other labels', () => {
    const registry = registryOf([entry({ signal: 'gateway.itl', name: 'itl', type: 'histogram', labels: byModel, bounds: [1] })])
    registry.histogram('gateway.itl').with('a', '', '', '').observe(2)
    expect(registry.render('text')).toContain(
      'itl_bucket{model_name="a",le="1"} 0\nitl_bucket{model_name="a",le="+Inf"} 1\nitl_sum{model_name="a"} 2\nitl_count{model_name="a"} 1\n',
    )
  })
})

describe('removal', () => {
  it('drops the exact series and keeps what it counted in coarser ones', () => {
    const entries = [
      requests({ name: 'fine_total', labels: ['model', 'target_model', 'fairness_id', 'priority'].map((name) => ({ name, from: name })) }),
      requests({ name: 'coarse_total', labels: byModel }),
    ]
    const registry = registryOf(entries)
    const counter = registry.counter('gateway.requests')
    counter.with('a', 'a', 'tenant 1', '0').inc(2)
    counter.with('a', 'a', 'tenant 2', '0').inc(3)
    counter.remove('a', 'a', 'tenant 1', '0')
    counter.remove('a', 'a', 'tenant 2', '0')
    counter.remove('a', 'a', 'never seen', '0')
    expect(samplesOf(registry.render('text'))).toEqual({ 'coarse_total{model_name="a"}': '5' })
    counter.with('a', 'a', 'tenant 1', '0').inc()
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'fine_total{model="a",target_model="a",fairness_id="tenant 1",priority="0"}': '1',
      'coarse_total{model_name="a"}': '6',
    })
  })

  it('keeps observations of removed histograms in coarser ones', () => {
    const registry = registryOf([entry({ signal: 'gateway.itl', name: 'itl', type: 'histogram', labels: byModel, bounds: [1] })])
    const histogram = registry.histogram('gateway.itl')
    histogram.with('a', '', 'tenant 1', '').observe(0.5)
    histogram.remove('a', '', 'tenant 1', '')
    histogram.with('a', '', 'tenant 2', '').observe(2)
    expect(samplesOf(registry.render('text'))).toEqual({
      'itl_bucket{model_name="a",le="1"}': '1',
      'itl_bucket{model_name="a",le="+Inf"}': '2',
      'itl_sum{model_name="a"}': '2.5',
      'itl_count{model_name="a"}': '2',
    })
  })

  it('changes nothing where nothing is told apart', () => {
    const registry = registryOf([requests({ labels: byModel })])
    const counter = registry.counter('gateway.requests')
    counter.with('a', 'a', 'tenant 1', '0').inc()
    counter.with('a', 'a', 'tenant 2', '1').inc()
    counter.remove('a', 'a', 'tenant 1', '0')
    expect(samplesOf(registry.render('text'))).toEqual({ 'requests_total{model_name="a"}': '2' })
  })

  it('is seen on the next page, even when as much was observed meanwhile', () => {
    const tenant = [{ name: 'fairness_id', from: 'fairness_id' }]
    const all = ['model', 'target_model', 'fairness_id', 'priority'].map((name) => ({ name, from: name }))
    const itl = { signal: 'gateway.itl', type: 'histogram', bounds: [1] } as const
    const registry = registryOf([entry({ ...itl, name: 'fine', labels: all }), entry({ ...itl, name: 'itl', labels: tenant })])
    const histogram = registry.histogram('gateway.itl')
    histogram.with('a', '', 't', '').observe(0.5)
    histogram.with('b', '', 't', '').observe(0.5)
    expect(samplesOf(registry.render('text'))).toMatchObject({ 'itl_count{fairness_id="t"}': '2' })
    histogram.remove('a', '', 't', '')
    histogram.with('b', '', 't', '').observe(2)
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'itl_bucket{fairness_id="t",le="1"}': '2',
      'itl_count{fairness_id="t"}': '3',
    })
  })

  it('lets gauges go, coarse ones too', () => {
    const registry = registryOf([entry({ signal: 'pool.endpoint_queue', name: 'queue', type: 'gauge', labels: [{ name: 'name', from: 'pool' }] })])
    registry.gauge('pool.endpoint_queue').with('p', 'e1').set(2)
    registry.gauge('pool.endpoint_queue').with('p', 'e2').set(3)
    registry.gauge('pool.endpoint_queue').remove('p', 'e1')
    expect(samplesOf(registry.render('text'))).toEqual({ 'queue{name="p"}': '3' })
    registry.gauge('pool.endpoint_queue').remove('p', 'e2')
    expect(registry.render('text')).toBe('')
  })
})

describe('a bundle', () => {
  const tenants = (more: Partial<RegistryOptions> = {}) => {
    // The second name tells every label apart, so that series of the first can be removed.
    const all = ['model', 'target_model', 'fairness_id', 'priority'].map((name) => ({ name, from: name }))
    const registry = registryOf([requests({ labels: byTenant }), requests({ name: 'fine_total', labels: all }), overflow], more)
    const counter = registry.counter('gateway.requests')
    const made: string[] = []
    const bundle = registry.bundle((model: string, tenant: string) => {
      made.push(tenant)
      return { requests: counter.with(model, model, tenant, '0') }
    })
    return { registry, counter, made, bundle }
  }

  it('looks its cells up once for the same values', () => {
    const { registry, made, bundle } = tenants()
    for (const tenant of ['t1', 't2', 't1']) bundle.with('a', tenant).requests.inc()
    expect(made).toEqual(['t1', 't2'])
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'requests_total{model_name="a",fairness_id="t1"}': '2',
      'requests_total{model_name="a",fairness_id="t2"}': '1',
    })
  })

  it('keeps no cell that was removed', () => {
    const { registry, counter, made, bundle } = tenants()
    bundle.with('a', 't1').requests.inc()
    counter.remove('a', 'a', 't1', '0')
    bundle.with('a', 't2').requests.inc()
    bundle.with('a', 't1').requests.inc(5)
    expect(made).toEqual(['t1', 't2', 't1'])
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'fine_total{model="a",target_model="a",fairness_id="t1",priority="0"}': '5',
      'requests_total{model_name="a",fairness_id="t1"}': '6',
    })
  })

  it('folds and counts what overflows at each call, and keeps none of it', () => {
    const { registry, made, bundle } = tenants({ labelValuesMax: 1 })
    for (const tenant of ['t1', 't2', 't3', 't2', 't1']) bundle.with('a', tenant).requests.inc()
    expect(made).toEqual(['t1', 't2', 't3', 't2'])
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'requests_total{model_name="a",fairness_id="t1"}': '2',
      'requests_total{model_name="a",fairness_id="other"}': '3',
      'overflow_total{label="fairness_id"}': '3',
    })
  })

  it('begins anew at its limit, where its values tell no series apart', () => {
    const registry = registryOf([requests({ labels: byModel })], { seriesMax: 2 })
    const counter = registry.counter('gateway.requests')
    const made: string[] = []
    const bundle = registry.bundle((tenant: string) => {
      made.push(tenant)
      return { requests: counter.with('a', 'a', tenant, '0') }
    })
    for (const tenant of ['t1', 't2', 't1', 't3', 't3', 't1']) bundle.with(tenant).requests.inc()
    expect(made).toEqual(['t1', 't2', 't3', 't1'])
    expect(samplesOf(registry.render('text'))).toEqual({ 'requests_total{model_name="a"}': '6' })
  })

  it('refuses another number of values', () => {
    const { bundle } = tenants()
    expect(() => (bundle.with as (...values: string[]) => unknown).call(bundle, 'a')).toThrow('the values that create() takes')
  })
})

describe('limits', () => {
  const ages = entry({ signal: 'scheduler.state_age', name: 'age', type: 'gauge', labels: [{ name: 'endpoint', from: 'endpoint' }] })

  it('fold further values of a label into other and count them', () => {
    const registry = registryOf([requests({ labels: byTenant }), overflow], { labelValuesMax: 2 })
    const counter = registry.counter('gateway.requests')
    for (const tenant of ['t1', 't2', 't3', 't4', 't3', 't1']) counter.with('a', 'a', tenant, '0').inc()
    expect(samplesOf(registry.render('text'))).toEqual({
      'requests_total{model_name="a",fairness_id="t1"}': '2',
      'requests_total{model_name="a",fairness_id="t2"}': '1',
      'requests_total{model_name="a",fairness_id="other"}': '3',
      'overflow_total{label="fairness_id"}': '3',
    })
  })

  it('are those of the label name, not of the signal', () => {
    const itl = entry({ signal: 'gateway.itl', name: 'itl', type: 'histogram', labels: byTenant })
    const registry = registryOf([itl, requests({ labels: byTenant }), overflow], { labelValuesMax: 1 })
    registry.histogram('gateway.itl').with('a', 'a', 't1', '0')
    registry.counter('gateway.requests').with('a', 'a', 't2', '0').inc()
    expect(samplesOf(registry.render('text'))).toMatchObject({ 'requests_total{model_name="a",fairness_id="other"}': '1' })
  })

  it('give room back when the last series of a value is removed', () => {
    const registry = registryOf([ages, overflow], { labelValuesMax: 1 })
    registry.gauge('scheduler.state_age').with('e1').set(1)
    registry.gauge('scheduler.state_age').remove('e1')
    registry.gauge('scheduler.state_age').with('e2').set(2)
    expect(samplesOf(registry.render('text'))).toEqual({ 'age{endpoint="e2"}': '2' })
  })

  it('hold a value that a retired total still shows', () => {
    const registry = registryOf([requests({ labels: byTenant })], { labelValuesMax: 1 })
    const counter = registry.counter('gateway.requests')
    counter.with('a', 'a', 't1', '0').inc()
    counter.remove('a', 'a', 't1', '0')
    counter.with('a', 'a', 't2', '0').inc()
    expect(samplesOf(registry.render('text'))).toEqual({
      'requests_total{model_name="a",fairness_id="t1"}': '1',
      'requests_total{model_name="a",fairness_id="other"}': '1',
    })
  })

  it('fold no label that a population depends on', () => {
    const streamed = entry({ signal: 'gateway.ttft', name: 'streamed', type: 'histogram', labels: byModel, population: { streaming: 'true' } })
    const registry = registryOf([streamed], { seriesMax: 1 })
    const histogram = registry.histogram('gateway.ttft')
    for (const model of ['a', 'b', 'c']) for (const streaming of ['true', 'false']) histogram.with(model, '', '', '', streaming).observe(1)
    expect(samplesOf(registry.render('text'))).toMatchObject({ 'streamed_count{model_name="a"}': '1', 'streamed_count{model_name="other"}': '2' })
  })

  it('bound the series in all', () => {
    const registry = registryOf([requests({ labels: byTenant }), overflow], { seriesMax: 2 })
    const counter = registry.counter('gateway.requests')
    for (const tenant of ['t1', 't2', 't3', 't4']) counter.with('a', 'a', tenant, '0').inc()
    expect(samplesOf(registry.render('text'))).toMatchObject({
      'requests_total{model_name="other",fairness_id="other"}': '2',
      'overflow_total{label="fairness_id"}': '2',
    })
  })
})
