import { Labels, seededRandom } from '@signalbox/base'
import { type DialectEntry, entriesOf } from '@signalbox/signals'

/** Milliseconds between two scrapes of a target. */
const intervalMs = 15_000

/** A series' samples over some scrapes of its target. */
interface SeriesPart {
  readonly labels: Labels
  readonly values: Float64Array
}

/** What one target showed over some scrapes; `timestampsMs` is as long as the values of each series. */
export interface PagePart {
  readonly timestampsMs: Float64Array
  readonly series: readonly SeriesPart[]
}

/** How the next values of some neighbouring series of a page come about. */
interface Metric {
  readonly at: number
  readonly width: number
  readonly kind: 'gauge' | 'counter' | 'histogram'
  /** Where in `width` buckets most observations fall, 0..1. */
  readonly peak: number
}

type Random = ReturnType<typeof seededRandom>

/** One target under a seed: its series, and what each scrape finds. Now and then it restarts, and its counters with it. */
class Target {
  readonly #labels: readonly Labels[]
  readonly #metrics: readonly Metric[]
  readonly #random: Random
  readonly #current: Float64Array
  readonly #offsetMs: number
  #scrapes = 0

  constructor(labels: readonly Labels[], metrics: readonly Metric[], seed: number) {
    this.#labels = labels
    this.#metrics = metrics
    this.#random = seededRandom(seed)
    this.#current = new Float64Array(labels.length)
    // Never on a step: Prometheus 2 counts a sample at the start of a window in, Prometheus 3 does not.
    this.#offsetMs = 100 + Math.floor(this.#random.next() * (intervalMs - 200))
    // Long under way: Prometheus 2 and 3 extrapolate differently towards a counter's zero before its first sample.
    for (const { at, width, kind } of metrics) {
      if (kind !== 'gauge') for (let i = 0; i < width; i++) this.#current[at + i] = 10_000 * (i + 1)
    }
  }

  /** The next `scrapes`; times are off the grid, a few milliseconds apart from the even ones. */
  next(scrapes: number, startMs: number): PagePart {
    const timestampsMs = new Float64Array(scrapes)
    const series = this.#labels.map((labels) => ({ labels, values: new Float64Array(scrapes) }))
    for (let i = 0; i < scrapes; i++) {
      timestampsMs[i] = startMs + this.#scrapes++ * intervalMs + this.#offsetMs + Math.floor(this.#random.next() * 5)
      this.#move()
      for (let at = 0; at < series.length; at++) (series[at] as SeriesPart).values[i] = this.#current[at] as number
    }
    return { timestampsMs, series }
  }

  #move(): void {
    const current = this.#current
    const random = this.#random
    const restarts = random.next() < 1 / 2_000 && this.#scrapes > 100
    for (const { at, width, kind, peak } of this.#metrics) {
      if (restarts && kind !== 'gauge') current.fill(0, at, at + width)
      if (kind === 'gauge') current[at] = random.next() * 100
      else if (kind === 'counter') current[at] = (current[at] as number) + Math.floor(random.next() * 40)
      else {
        let observations = 0
        for (let bucket = 0; bucket < width; bucket++) {
          const share = 1 - Math.min(1, Math.abs(bucket / width - peak) * 3)
          if (share > 0) observations += Math.floor(random.next() * 12 * share)
          current[at + bucket] = (current[at + bucket] as number) + observations
        }
      }
    }
  }
}

/** Targets with one histogram of 25 buckets each. */
function histogramTargets(name: string, targets: number): readonly Target[] {
  return Array.from({ length: targets }, (_, i) => {
    const common = { __name__: name, instance: `10.0.${i >> 8}.${i & 255}:8000`, job: 'vllm', model_name: `model-${i % 5}`, engine: '0' }
    const labels = Array.from({ length: 25 }, (_, le) => Labels.from({ ...common, le: le === 24 ? '+Inf' : String(2 ** (le - 12)) }))
    return new Target(labels, [{ at: 0, width: 25, kind: 'histogram', peak: 0.2 + (i % 7) / 12 }], i + 1)
  })
}

/** A fleet with every name of vLLM (each engine with one of 4 models), the endpoint picker and Signalbox (each gateway with all models). */
function fleetTargets(engines: number, gateways: number): readonly Target[] {
  const all: Target[] = []
  const models = ['model-0', 'model-1', 'model-2', 'model-3']
  for (let i = 0; i < engines; i++) {
    const common = { instance: `10.1.0.${i}:8000`, job: 'vllm' }
    all.push(targetOf(entriesOf('vllm'), common, [models[i % 4] as string], 1_000 + i))
  }
  for (let i = 0; i < gateways; i++) {
    const common = { instance: `10.2.0.${i}:9090`, job: 'signalbox' }
    all.push(targetOf(entriesOf('llm-d-epp', 'signalbox'), common, models, 2_000 + i))
  }
  return all
}

function targetOf(entries: readonly DialectEntry[], common: Readonly<Record<string, string>>, models: readonly string[], seed: number): Target {
  const labels: Labels[] = []
  const metrics: Metric[] = []
  const known = new Set<string>()
  for (const entry of entries) {
    const ofModel = entry.labels.some(({ from }) => from === 'model')
    for (const model of ofModel ? models : ['']) {
      const own = Object.fromEntries(entry.labels.map(({ name, from }) => [name, labelValue(from, model)]))
      const series = seriesOf(entry, { ...common, ...own, ...entry.where, ...entry.population })
      // Some families carry several signals.
      if (series.every(({ labels: [first] }) => !known.has(first?.key ?? ''))) {
        for (const { kind, labels: some } of series) {
          metrics.push({ at: labels.length, width: some.length, kind, peak: 0.3 })
          for (const one of some) known.add(one.key)
          labels.push(...some)
        }
      }
    }
  }
  return new Target(labels, metrics, seed)
}

function labelValue(from: string, model: string): string {
  return from.endsWith('model') ? model : from === 'streaming' ? 'true' : from === 'engine' ? '0' : `${from}-0`
}

function seriesOf({ name, type, bounds }: DialectEntry, labels: Readonly<Record<string, string>>): { kind: Metric['kind']; labels: Labels[] }[] {
  const named = (suffix: string, le?: string): Labels => Labels.from({ ...labels, ...(le === undefined ? {} : { le }), __name__: `${name}${suffix}` })
  if (type !== 'histogram') return [{ kind: type, labels: [named('')] }]
  return [
    { kind: 'histogram', labels: [...(bounds ?? [1]), '+Inf'].map((bound) => named('_bucket', String(bound))) },
    { kind: 'counter', labels: [named('_sum')] },
    { kind: 'counter', labels: [named('_count')] },
  ]
}

/** What is written into both sides, and how far back it begins. */
export interface DataSet {
  readonly targets: readonly Target[]
  readonly scrapes: number
}

/** Scrapes of a target that are written at once: an hour's half, within what Prometheus still takes. */
const PART_SCRAPES = 120

/** All parts of the sets, ending at `endMs`, in the order of time within a set; the same at each call with targets as new. */
export function* partsOf(sets: readonly DataSet[], endMs: number): Generator<PagePart> {
  const longest = Math.max(...sets.map(({ scrapes }) => scrapes))
  const gridMs = Math.floor(endMs / intervalMs) * intervalMs
  for (let scrape = 0; scrape < longest; scrape += PART_SCRAPES) {
    for (const { targets, scrapes } of sets) {
      // A short set begins late, so that all end together.
      if (scrape < longest - scrapes) continue
      for (const target of targets) yield target.next(Math.min(PART_SCRAPES, longest - scrape), gridMs - (scrapes + 1) * intervalMs)
    }
  }
}

/** The sizes of a run. */
export interface DataSize {
  readonly hours: number
  readonly targets: number
  readonly manyTargets: number
  readonly manyHours: number
  readonly engines: number
  readonly gateways: number
}

/** The sets of a run: the same on both sides, for targets are made under seeds. */
export function setsOf(size: DataSize): readonly DataSet[] {
  const scrapes = (hours: number): number => Math.round((hours * 3_600_000) / intervalMs)
  return [
    { targets: histogramTargets('x_bucket', size.targets), scrapes: scrapes(size.hours) },
    { targets: fleetTargets(size.engines, size.gateways), scrapes: scrapes(size.hours) },
    { targets: histogramTargets('many_bucket', size.manyTargets), scrapes: scrapes(size.manyHours) },
  ]
}
