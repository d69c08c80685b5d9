import { assert } from '@signalbox/base'
import { type DialectId, entriesFor, type SignalId } from '@signalbox/signals'

/** What every expression of a dashboard has in common. */
export interface Scope {
  /** The model to look at, as engines name it; '' for all of them. */
  readonly model: string
  /** Width of rate windows: at least four scrape intervals, or one late scrape empties the window. */
  readonly windowSeconds: number
}

/** The dialects that panels are drawn from: the engine's current names, and what the gateway and the monitor show. */
const DRAWN: readonly DialectId[] = ['vllm', 'llm-d-epp', 'signalbox', 'process']

type Part = '' | '_bucket' | '_sum' | '_count'
type Aggregation = 'sum' | 'max' | 'avg'

/** One way to read a signal: the aggregation over engines, the labels to keep, and for counters the rate. */
export interface Reading {
  readonly part?: Part
  readonly by?: readonly string[]
  /** Extra matchers, as PromQL writes them. */
  readonly where?: string
}

/** Events per second of a counter (or of one part of a histogram), summed over engines. */
export function rateOf(signal: SignalId, scope: Scope, reading: Reading = {}): string {
  return joined(
    'sum',
    reading.by ?? [],
    selectors(signal, scope, reading).map((selector) => `rate(${selector}[${scope.windowSeconds}s])`),
  )
}

/** A gauge, aggregated over engines. */
export function levelOf(aggregation: Aggregation, signal: SignalId, scope: Scope, reading: Reading = {}): string {
  return joined(aggregation, reading.by ?? [], selectors(signal, scope, reading))
}

/**
 * A quantile of the whole fleet: bucket rates are added by bound first, because quantiles of single
 * engines cannot be combined afterwards. `q` in [0, 1].
 */
export function quantileOf(q: number, signal: SignalId, scope: Scope, reading: Omit<Reading, 'part'> = {}): string {
  return `histogram_quantile(${q}, ${rateOf(signal, scope, { ...reading, part: '_bucket', by: ['le', ...(reading.by ?? [])] })})`
}

/** The mean over the window; no value at all, rather than NaN, where nothing was observed. */
export function meanOf(signal: SignalId, scope: Scope): string {
  return ratio(rateOf(signal, scope, { part: '_sum' }), rateOf(signal, scope, { part: '_count' }))
}

/** A ratio that is absent where its denominator is 0. Both sides must carry the same labels. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator} / (${denominator} > 0)`
}

/**
 * Aggregates the alternatives of one signal, the current name first. An engine in the middle of a renaming shows
 * both names, so twins are joined for each instance before anything is added up: never counted twice.
 */
export function joined(aggregation: Aggregation, by: readonly string[], alternatives: readonly string[]): string {
  assert(alternatives.length > 0, 'a signal that no engine can show')
  const outer = by.length === 0 ? aggregation : `${aggregation} by (${by.join(', ')}) `
  if (alternatives.length === 1) return `${outer}(${alternatives[0]})`
  const kept = by.includes('instance') ? by : ['instance', ...by]
  return `${outer}(${alternatives.map((alternative) => `${aggregation} by (${kept.join(', ')}) (${alternative})`).join(' or ')})`
}

/** A PromQL string literal. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/** One selector for each name that the drawn dialects have for the signal. Histograms of another layout are left out: their bounds do not add up. */
function selectors(signal: SignalId, scope: Scope, reading: Reading): string[] {
  const entries = entriesFor(signal).filter((entry) => DRAWN.includes(entry.dialect))
  const layout = entries[0]?.bounds?.join()
  return entries
    .filter((entry) => entry.bounds?.join() === layout)
    .map((entry) => {
      const matchers: string[] = []
      const modelLabel = entry.labels.find((label) => label.from === 'model')?.name
      if (scope.model !== '' && modelLabel !== undefined) matchers.push(`${modelLabel}=${quoted(scope.model)}`)
      if (reading.where !== undefined) matchers.push(reading.where)
      return `${entry.name}${reading.part ?? ''}${matchers.length === 0 ? '' : `{${matchers.join(', ')}}`}`
    })
}
