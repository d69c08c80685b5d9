import { VirtualClock } from '@signalbox/base'
import { type ExpositionFormat, formatValue } from '@signalbox/exposition'
import { type DialectEntry, dialects, signals } from '@signalbox/signals'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatBound } from './bound.ts'
import { Registry } from './index.ts'

// Values and bounds are multiples of 1/8, so that sums and scales are exact whatever the order of adding.

const LABELS: readonly string[] = signals['gateway.ttft'].labels
const tuple = fc.tuple(...LABELS.map((label) => fc.constantFrom(...(label === 'streaming' ? ['true', 'false'] : ['a', 'b']))))
const labelSet = fc.oneof({ weight: 3, arbitrary: fc.subarray([...LABELS]) }, { weight: 1, arbitrary: fc.constant<string[]>([...LABELS]) })

const histogramEntry = fc
  .record({
    labels: labelSet,
    byStreaming: fc.boolean(),
    scale: fc.constantFrom(1, 1000),
    bounds: fc.subarray([0, 0.125, 0.5, 1, 2.5, 16, 1000, 4000]),
    dialect: fc.constantFrom('signalbox', 'vllm', 'llumnix'),
  })
  .map(({ labels, byStreaming, scale, bounds, dialect }) => ({
    signal: 'gateway.ttft' as const,
    type: 'histogram' as const,
    help: '',
    source: 'test',
    dialect,
    scale,
    labels: labels.map((from) => ({ name: `l_${from}`, from })),
    bounds: bounds.map((bound) => bound * scale),
    ...(byStreaming && !labels.includes('streaming') ? { population: { streaming: 'true' } } : {}),
  }))

const entryList = (most: number): fc.Arbitrary<DialectEntry[]> =>
  fc.array(histogramEntry, { minLength: 1, maxLength: most }).map((entries) => entries.map((entry, i): DialectEntry => ({ ...entry, name: `h${i}` })))

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ labels: tuple, value: fc.integer({ min: 0, max: 40_000 }).map((n) => n / 8) }) },
  { weight: 1, arbitrary: fc.record({ labels: tuple, touch: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ labels: tuple, remove: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ render: fc.constantFrom<ExpositionFormat>('text', 'openmetrics') }) },
)

/** What one entry should show, from the raw observations: values by rendered labels. */
class Expected {
  readonly #entry: DialectEntry
  readonly #groups = new Map<string, number[]>()

  constructor(entry: DialectEntry) {
    this.#entry = entry
  }

  /** The observations of the group that the labels belong to; undefined outside the population. */
  groupOf(labels: readonly string[]): number[] | undefined {
    const { population = {} } = this.#entry
    if (!Object.entries(population).every(([label, value]) => labels[LABELS.indexOf(label)] === value)) return undefined
    const key = this.#key(labels)
    const group = this.#groups.get(key) ?? []
    this.#groups.set(key, group)
    return group
  }

  /** Only an entry that tells every series apart loses one. */
  remove(labels: readonly string[]): void {
    if (this.#entry.labels.length === LABELS.length) this.#groups.delete(this.#key(labels))
  }

  samples(format: ExpositionFormat): Record<string, string> {
    const { name, bounds = [], scale, dialect } = this.#entry
    const samples: Record<string, string> = {}
    for (const [labels, values] of this.#groups) {
      const braced = labels === '' ? '' : `{${labels}}`
      const written = values.map((value) => value * scale)
      for (const bound of [...bounds, Infinity]) {
        const le = `le="${formatBound(bound, format, dialects[dialect].boundSpelling ?? 'go')}"`
        samples[`${name}_bucket{${labels === '' ? le : `${labels},${le}`}}`] = String(written.filter((value) => value <= bound).length)
      }
      samples[`${name}_sum${braced}`] = formatValue(written.reduce((sum, value) => sum + value, 0))
      samples[`${name}_count${braced}`] = String(written.length)
    }
    return samples
  }

  #key(labels: readonly string[]): string {
    return this.#entry.labels.map(({ name, from }) => `${name}="${labels[LABELS.indexOf(from)]}"`).join(',')
  }
}

function samplesOf(page: string): Record<string, string> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
}

it('each rendering is what its own population, labels, unit, bounds and spelling make of the raw observations', () => {
  fc.assert(
    fc.property(entryList(4), fc.array(step, { maxLength: 40 }), (entries, steps) => {
      const registry = new Registry({ entries, clock: new VirtualClock() })
      const histogram = registry.histogram('gateway.ttft')
      const expected = entries.map((entry) => new Expected(entry))
      // Where no entry tells two series apart, neither can be removed.
      const told = new Set(entries.flatMap(({ labels, population = {} }) => [...labels.map(({ from }) => from), ...Object.keys(population)]))
      const check = (format: ExpositionFormat): void =>
        expect(samplesOf(registry.render(format))).toEqual(Object.assign({}, ...expected.map((each) => each.samples(format))))
      const known = new Set<string>()
      for (const each of steps) {
        if ('render' in each) check(each.render)
        else if ('remove' in each) {
          histogram.remove(...each.labels)
          if (told.size === LABELS.length && known.delete(each.labels.join())) for (const one of expected) one.remove(each.labels)
        } else {
          known.add(each.labels.join())
          const cell = histogram.with(...each.labels)
          for (const one of expected) {
            const group = one.groupOf(each.labels)
            if ('value' in each) group?.push(each.value)
          }
          if ('value' in each) cell.observe(each.value)
        }
      }
      check('text')
      check('openmetrics')
    }),
    { numRuns: 300 },
  )
})

it('a coarse histogram never decreases and never vanishes, whatever is removed or folded', () => {
  const exact = LABELS.map((from) => ({ name: from, from }))
  fc.assert(
    fc.property(entryList(3), fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 2, 1000), (entries, steps, labelValuesMax) => {
      const coarse = entries.map((entry) => ({ ...entry, labels: entry.labels.slice(1) }))
      const fine: DialectEntry = { ...(entries[0] as DialectEntry), name: 'fine', labels: exact, population: {} }
      const registry = new Registry({ entries: [...coarse, fine], clock: new VirtualClock(), labelValuesMax })
      const histogram = registry.histogram('gateway.ttft')
      let before: Record<string, string> = {}
      for (const each of steps) {
        if ('remove' in each) histogram.remove(...each.labels)
        else if ('value' in each) histogram.with(...each.labels).observe(each.value)
        const page = samplesOf(registry.render('text'))
        const now = Object.fromEntries(Object.entries(page).filter(([series]) => !series.startsWith('fine')))
        for (const [series, value] of Object.entries(before)) expect(Number(now[series]), series).toBeGreaterThanOrEqual(Number(value))
        before = now
      }
    }),
  )
})
