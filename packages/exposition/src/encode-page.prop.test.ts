import { Labels } from '@signalbox/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkPage, decodePage, type ExpositionFormat, encodePage, type MetricFamily, type MetricSample, parseSeries } from './index.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '}', '#', ' ', 'é'), maxLength: 8 }),
)
const labels = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,6}x$/), text, { maxKeys: 3 }).map((pairs) => Labels.from(pairs))
const count = fc.nat(1_000_000)
const timestampMs = fc.option(fc.integer({ min: -8.64e12, max: 8.64e12 }), { nil: undefined })
const exemplar = fc.option(fc.record({ labels, value: fc.double({ noNaN: true, max: 1 }), timestampMs }), { nil: undefined })

/** What a metric with these labels shows of itself. */
type Metric = (own: Labels) => fc.Arbitrary<MetricSample[]>

const one =
  (suffix: string, value: fc.Arbitrary<number>): Metric =>
  (own) =>
    fc.record({ value, timestampMs }).map((point) => [{ suffix, labels: own, ...given(point) }])
const counter: Metric = (own) =>
  fc.record({ value: count, created: count, exemplar, timestampMs }).map(({ value, created, exemplar, timestampMs }) => [
    { suffix: '_total', labels: own, value, ...given({ exemplar, timestampMs }) },
    { suffix: '_created', labels: own, value: created, ...given({ timestampMs }) },
  ])
const histogram =
  (sum: string, total: string): Metric =>
  (own) =>
    fc
      .record({ steps: fc.array(count, { minLength: 1, maxLength: 5 }), exemplar, sum: count, timestampMs })
      .map(({ steps, exemplar, sum: value, timestampMs }) => {
        let cumulated = 0
        const buckets = steps.map((step, i) => {
          cumulated += step
          const le = i === steps.length - 1 ? '+Inf' : String(i + 1)
          return { suffix: '_bucket', labels: own.with('le', le), value: cumulated, ...given({ exemplar, timestampMs }) }
        })
        return [
          ...buckets,
          { suffix: total, labels: own, value: cumulated, ...given({ timestampMs }) },
          { suffix: sum, labels: own, value, ...given({ timestampMs }) },
        ]
      })

const metrics: Readonly<Record<MetricFamily['type'], Metric>> = {
  counter,
  gauge: one('', fc.double()),
  unknown: one('', fc.double()),
  info: one('_info', fc.constant(1)),
  histogram: histogram('_sum', '_count'),
  gaugehistogram: histogram('_gsum', '_gcount'),
  summary: (own) =>
    fc.record({ half: fc.double({ min: 0 }), timestampMs }).map(({ half, timestampMs }) => [
      { suffix: '', labels: own.with('quantile', '0.5'), value: half, ...given({ timestampMs }) },
      { suffix: '_count', labels: own, value: 3, ...given({ timestampMs }) },
    ]),
  stateset: (own) => fc.constant([{ suffix: '', labels: own.with('f', 'on'), value: 1 }]),
}

function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}

const family = (name: string): fc.Arbitrary<MetricFamily> =>
  fc.constantFrom(...(Object.keys(metrics) as MetricFamily['type'][])).chain((type) =>
    fc
      .uniqueArray(labels, { selector: (set) => set.key, maxLength: 3 })
      .chain((sets) => fc.tuple(text, ...sets.map((set) => metrics[type](set))))
      .map(([help, ...points]) => ({
        name: type === 'stateset' ? 'f' : name,
        type,
        help: help.replace(/^[ \t]+|\r$/g, ''),
        unit: type === 'info' || type === 'stateset' ? '' : name.slice(name.indexOf('_') + 1),
        samples: points.flat(),
      })),
  )
const families = fc.tuple(family('a_seconds'), family('b_bytes')).map(([a, b]) => (a.name === b.name ? [a] : [a, b]))

function read(page: Uint8Array, format: ExpositionFormat) {
  const samples: unknown[] = []
  const exemplars: unknown[] = []
  const units: string[] = []
  const result = decodePage(
    page,
    {
      sample(series, value, timestampMs) {
        const parsed = parseSeries(series)
        if (!parsed.ok) throw new Error(parsed.error.message)
        samples.push([parsed.value.name, parsed.value.labels.toRecord(), value, timestampMs])
      },
      exemplar: ({ labels, value, timestampMs }) => exemplars.push([labels.toRecord(), value, timestampMs]),
      unit: (name, unit) => units.push(`${name} ${unit}`),
    },
    { format },
  )
  return { result, samples, exemplars, units }
}

const rowOf = (name: string, sample: MetricSample) => [name + sample.suffix, sample.labels.toRecord(), sample.value, sample.timestampMs]

it('what was encoded as OpenMetrics obeys it, and reads back the same', () => {
  fc.assert(
    fc.property(families, (written) => {
      const page = encodePage(written, 'openmetrics')
      const { result, samples, exemplars, units } = read(page, 'openmetrics')
      expect(result.ok).toBe(true)
      expect(samples).toEqual(written.flatMap(({ name, samples }) => samples.map((sample) => rowOf(name, sample))))
      const given = written.flatMap(({ samples }) => samples.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar])))
      expect(exemplars).toEqual(given.map(({ labels, value, timestampMs }) => [labels.toRecord(), value, timestampMs]))
      expect(units).toEqual(written.filter(({ unit }) => unit !== '').map(({ name, unit }) => `${name} ${unit}`))
      expect(checkPage(page, 'openmetrics')).toEqual({ ok: true, value: { samples: samples.length } })
    }),
  )
})

it('what was encoded as text has the same samples, each family in one place', () => {
  fc.assert(
    fc.property(families, (written) => {
      const page = encodePage(written, 'text')
      const { result, samples } = read(page, 'text')
      expect(result.ok).toBe(true)
      const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
      const wanted = written.flatMap(({ name, samples }) => samples.map((sample) => rowOf(name, sample)))
      expect(samples.toSorted(byText)).toEqual(wanted.toSorted(byText))
      expect(checkPage(page, 'text')).toEqual({ ok: true, value: { samples: samples.length } })
    }),
  )
})

it('a name that is none of the format throws', () => {
  const family = { name: 'a', type: 'gauge', help: '', unit: '', samples: [] } as const
  expect(() => encodePage([{ ...family, name: 'a b' }], 'text')).toThrow()
  expect(() => encodePage([{ ...family, samples: [{ suffix: '', labels: Labels.from({ 'a b': '1' }), value: 1 }] }], 'text')).toThrow()
})
