import { assert, type Clock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { type DialectEntry, type SignalId, type SignalKind, signals } from '@signalbox/signals'
import { type Bundle, CellBundle, type Upheavals } from './bundle.ts'
import { Counter, Gauge, Histogram } from './cells.ts'
import type { Family } from './family.ts'
import { HistogramFamily, unionOfBounds } from './histogram-family.ts'
import { Projection } from './projection.ts'
import { ScalarFamily } from './scalar-family.ts'
import { isSum, Series, type View } from './series.ts'
import { OVERFLOW_SIGNAL, SeriesLimits } from './series-limits.ts'
import type { CounterCell, GaugeCell, HistogramCell, Instrument } from './types.ts'

export interface RegistryOptions {
  /** The names to render, in page order; entries of signals that are never recorded render nothing. */
  readonly entries: readonly DialectEntry[]
  /** When series began, for `createdSamples`. */
  readonly clock: Clock
  /** Distinct values a label name may have over all signals; default 1000 (the endpoint picker's own limit). Further ones become `other`. */
  readonly labelValuesMax?: number
  /** Series over all signals, and tuples of a bundle; default 100,000. A further series is recorded under `other` for each of its labels. */
  readonly seriesMax?: number
  /** OpenMetrics only: a `_created` sample with each counter and histogram. Default false: Prometheus 2 stores them as series. */
  readonly createdSamples?: boolean
}

const labelValuesMaxDefault = 1000
const seriesMaxDefault = 100_000

/**
 * What one process measures: each observation is recorded once, under the signal's own labels and unit, and rendered under
 * every name that the entries give the signal.
 *
 *     counter('gateway.requests').with(model, target, tenant, priority).inc()
 *       -> llm_d_epp_request_total{model_name,target_model_name,fairness_id,priority}
 *       -> inference_model_request_total{model_name,target_model_name}        series that become equal are summed
 *
 * A family without any series renders nothing, its HELP and TYPE included.
 */
export class Registry {
  readonly #entries: readonly DialectEntry[]
  readonly #clock: Clock
  readonly #createdSamples: boolean
  readonly #limits: SeriesLimits
  readonly #seriesMax: number
  readonly #scalarFamilies = new Map<string, ScalarFamily>()
  readonly #histogramFamilies = new Map<string, HistogramFamily>()
  readonly #page: readonly Pick<Family<never>, 'render'>[]
  readonly #counters = new Map<SignalId, Series<Counter>>()
  readonly #gauges = new Map<SignalId, Series<Gauge>>()
  readonly #histograms = new Map<SignalId, Series<Histogram>>()
  readonly #upheavals: Upheavals = { removals: 0, folds: 0 }
  readonly #refreshers: (() => void)[] = []

  constructor(options: RegistryOptions) {
    this.#entries = options.entries
    this.#clock = options.clock
    this.#createdSamples = options.createdSamples ?? false
    this.#seriesMax = options.seriesMax ?? seriesMaxDefault
    this.#page = this.#createFamilies()
    // The labels of the catalogue bound the overflow counter itself.
    const unlimited = new SeriesLimits({ labelValuesMax: Infinity, seriesMax: Infinity, onOverflow: () => {} })
    const overflow = this.#scalarSeries(OVERFLOW_SIGNAL, () => new Counter(), unlimited)
    this.#counters.set(OVERFLOW_SIGNAL, overflow)
    this.#limits = new SeriesLimits({
      labelValuesMax: options.labelValuesMax ?? labelValuesMaxDefault,
      seriesMax: this.#seriesMax,
      onOverflow: (label) => {
        this.#upheavals.folds += 1
        overflow.with(label).inc()
      },
    })
  }

  /** The signal's counter: the same instrument for the same signal. */
  counter(signal: SignalId): Instrument<CounterCell> {
    assertKind(signal, 'counter')
    return getOrCreate(this.#counters, signal, () => this.#scalarSeries(signal, () => new Counter(), this.#limits))
  }

  /** The signal's gauge; also for `info` signals, whose value is 1 or a time. */
  gauge(signal: SignalId): Instrument<GaugeCell> {
    assertKind(signal, 'gauge', 'info')
    return getOrCreate(this.#gauges, signal, () => this.#scalarSeries(signal, () => new Gauge(), this.#limits))
  }

  /** The signal's histogram, with the bounds of all its entries. */
  histogram(signal: SignalId): Instrument<HistogramCell> {
    assertKind(signal, 'histogram')
    return getOrCreate(this.#histograms, signal, () => {
      const bounds = unionOfBounds(this.#entries.filter((entry) => entry.signal === signal))
      return this.#series(signal, {
        create: () => new Histogram(bounds),
        families: this.#histogramFamilies,
        limits: this.#limits,
        layOut: (family, projection) => family.layOut(projection, bounds),
      })
    })
  }

  /**
   * Cells that are recorded together. `create` looks them up for one tuple of label values, all of which some cell among them
   * carries; it runs once for a tuple, not for each request.
   *
   *     const cells = registry.bundle((model: string, tenant: string) => ({ requests: requests.with(model, tenant), ... }))
   *     cells.with('llama', 'a').requests.inc()
   */
  bundle<Values extends readonly string[], Cells extends object>(create: (...values: Values) => Cells): Bundle<Values, Cells> {
    return new CellBundle(create, { upheavals: this.#upheavals, tuplesMax: this.#seriesMax })
  }

  /** The signals that have an instrument: what this process can measure, whether or not it has measured anything yet. */
  recorded(): readonly SignalId[] {
    return [...this.#counters.keys(), ...this.#gauges.keys(), ...this.#histograms.keys()]
  }

  /** Runs `refresh` before each page: for gauges that are read rather than kept. */
  onCollect(refresh: () => void): void {
    this.#refreshers.push(refresh)
  }

  /** The whole page, ending in a newline; OpenMetrics with its `# EOF`. */
  render(format: ExpositionFormat): string {
    for (const refresh of this.#refreshers) refresh()
    let page = ''
    for (const family of this.#page) page += family.render(format, this.#createdSamples)
    return format === 'openmetrics' ? `${page}# EOF\n` : page
  }

  /** One family a name, in the order of the entries. */
  #createFamilies(): Pick<Family<never>, 'render'>[] {
    const names = new Set(this.#entries.map(({ name }) => name))
    const types = new Map<string, string>()
    const page: Pick<Family<never>, 'render'>[] = []
    for (const entry of this.#entries) {
      const type = types.get(entry.name)
      assert(type === undefined || type === entry.type, `${entry.name} has one type`)
      if (type !== undefined) continue
      types.set(entry.name, entry.type)
      if (entry.type === 'histogram') page.push(getOrCreate(this.#histogramFamilies, entry.name, () => new HistogramFamily(entry)))
      else page.push(getOrCreate(this.#scalarFamilies, entry.name, () => new ScalarFamily(entry, (name) => names.has(name))))
    }
    return page
  }

  #scalarSeries<Cell extends Counter | Gauge>(signal: SignalId, create: () => Cell, limits: SeriesLimits): Series<Cell> {
    return this.#series<Cell, ScalarFamily>(signal, { create, families: this.#scalarFamilies, limits })
  }

  #series<Cell extends object, F extends Family<Cell>>(
    signal: SignalId,
    parts: {
      create: () => Cell
      families: ReadonlyMap<string, F>
      limits: SeriesLimits
      layOut?: (family: F, projection: Projection) => void
    },
  ): Series<Cell> {
    const entries = this.#entries.filter((entry) => entry.signal === signal)
    const labels = storedLabels(signal, entries)
    const views: View<Cell>[] = entries.map((entry) => {
      const family = parts.families.get(entry.name)
      assert(family !== undefined, `${entry.name} has the type of ${signal}`)
      const projection = new Projection(entry, labels)
      parts.layOut?.(family, projection)
      return { projection, family }
    })
    return new Series(signal, { create: parts.create, labels, views, limits: parts.limits, upheavals: this.#upheavals, clock: this.#clock })
  }
}

/** The labels that tell a signal's series apart: of sums those that some entry shows or selects by, of gauges all, because gauges do not add up over time. */
function storedLabels(signal: SignalId, entries: readonly DialectEntry[]): readonly string[] {
  const { labels } = signals[signal]
  if (!isSum(signal)) return labels
  const told = new Set(entries.flatMap((entry) => [...entry.labels.map(({ from }) => from), ...Object.keys(entry.population ?? {})]))
  return labels.filter((label) => told.has(label))
}

function assertKind(signal: SignalId, ...kinds: readonly SignalKind[]): void {
  assert(kinds.includes(signals[signal].kind), `${signal} is of kind ${signals[signal].kind}`)
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
