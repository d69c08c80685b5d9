import type { DialectEntry, SamplePart, SignalId } from '@signalbox/signals'
import { type GuardedEntry, layoutsOf } from './layouts.ts'
import { entriesIn, type LabelCondition, labelOf, quoted, selectorOf, spelledIn } from './selectors.ts'
import type { PanelQuery, Scope } from './types.ts'

export type Aggregation = 'sum' | 'max' | 'min' | 'avg' | 'count'

/** One way to read a signal. */
export interface Reading {
  /** Labels to keep, as the signal calls them; `instance` and `job` are the scrape's. */
  readonly by?: readonly string[]
  readonly where?: readonly LabelCondition[]
  /** Values as the dialect writes them, not in the signal's unit. Only for scopes whose dialects agree. */
  readonly unscaled?: boolean
}

// Each function answers undefined where no dialect of the scope has the signal.

/** Events per second of a counter (or of the sum or count of a histogram), added over the fleet. */
export function rateOf(signal: SignalId, scope: Scope, reading: Reading & { readonly part?: '' | '_sum' | '_count' } = {}): string | undefined {
  const part = reading.part ?? ''
  return joined('sum', labelsOf(signal, scope, reading), ratesOf(unguarded(entriesIn(signal, scope)), scope, reading, part))
}

/** A gauge, aggregated over the fleet. */
export function levelOf(aggregation: Aggregation, signal: SignalId, scope: Scope, reading: Reading = {}): string | undefined {
  return joined(aggregation, labelsOf(signal, scope, reading), levelsOf(entriesIn(signal, scope), scope, reading))
}

/** A quantile of one bucket layout. */
export interface QuantileTerm {
  /** The title of its dialect; alone when the scope knows no other layout. */
  readonly title: string
  readonly alone: boolean
  readonly expr: string
}

/**
 * A quantile of the fleet, one for each bucket layout, because layouts cannot be added up: bucket rates of equal bounds are
 * added by bound first, because quantiles of single engines cannot be combined afterwards. `q` in [0, 1].
 */
export function quantilesOf(q: number, signal: SignalId, scope: Scope, reading: Reading = {}): readonly QuantileTerm[] {
  const layouts = layoutsOf(signal, scope)
  const labels = ['le', ...labelsOf(signal, scope, reading)]
  return layouts.flatMap(({ title, entries }) => {
    const buckets = joined('sum', labels, ratesOf(entries, scope, reading, '_bucket'))
    const scale = reading.unscaled === true ? 1 : (entries[0]?.entry.scale ?? 1)
    return buckets === undefined ? [] : [{ title, alone: layouts.length === 1, expr: scaled(`histogram_quantile(${q}, ${buckets})`, scale) }]
  })
}

/** A quantile of all layouts in one vector; where there are several, each series says by `dialect` whose it is. */
export function quantileOfEach(q: number, signal: SignalId, scope: Scope, reading: Reading = {}): string | undefined {
  const terms = quantilesOf(q, signal, scope, reading)
  if (terms.length === 0) return undefined
  return terms.map(({ expr, title, alone }) => (alone ? expr : `label_replace(${expr}, "dialect", ${quoted(title)}, "", "")`)).join(' or ')
}

/** Bucket rates by bound over time, one query for each layout: what a heatmap is drawn from. */
export function bucketsOf(signal: SignalId, scope: Scope, reading: Reading = {}): readonly QuantileTerm[] {
  const layouts = layoutsOf(signal, scope)
  return layouts.flatMap(({ title, entries }) => {
    const expr = joined('sum', ['le', ...labelsOf(signal, scope, reading)], ratesOf(entries, scope, reading, '_bucket'))
    return expr === undefined ? [] : [{ title, alone: layouts.length === 1, expr }]
  })
}

/** The mean over the window, of every layout: sums and counts add up where buckets do not. No value where nothing was observed. */
export function meanOf(signal: SignalId, scope: Scope, reading: Reading = {}): string | undefined {
  return ratio(rateOf(signal, scope, { ...reading, part: '_sum' }), rateOf(signal, scope, { ...reading, part: '_count' }))
}

/** A ratio that is absent, not NaN, where its denominator is 0. Both sides must carry the same labels. */
export function ratio(numerator: string | undefined, denominator: string | undefined): string | undefined {
  return numerator === undefined || denominator === undefined ? undefined : `${numerator} / (${denominator} > 0)`
}

/** The `count` largest series of an expression. */
export function top(count: number, expr: string | undefined): string | undefined {
  return expr === undefined ? undefined : `topk(${count}, ${expr})`
}

/** A line of a panel, or none where there is nothing to ask. */
export function line(legend: string, expr: string | undefined): PanelQuery[] {
  return expr === undefined ? [] : [{ legend, expr }]
}

/** Lines of quantiles: `p95`, or `p95 (SGLang)` where layouts differ. */
export function quantileLines(signal: SignalId, scope: Scope, qs: readonly number[], reading: Reading = {}): PanelQuery[] {
  const kept = (reading.by ?? []).map((label) => ` {{${labelOf(signal, label, scope)}}}`).join('')
  const lines = qs.flatMap((q) =>
    quantilesOf(q, signal, scope, reading).map(({ title, alone, expr }) => ({
      title,
      legend: `p${Number((q * 100).toFixed(3))}${kept}${alone ? '' : ` (${title})`}`,
      expr,
    })),
  )
  const titles = [...new Set(lines.map(({ title }) => title))]
  return titles.flatMap((title) => lines.filter((entry) => entry.title === title).map(({ legend, expr }) => ({ legend, expr })))
}

/**
 * Aggregates the alternatives of one signal, the preferred one first. An engine in the middle of a renaming shows two names,
 * with other labels perhaps, so alternatives are joined for each instance before anything is added up: an instance counts under
 * the first alternative that it shows, never twice. Undefined without alternatives.
 */
export function joined(aggregation: Aggregation, by: readonly string[], alternatives: readonly string[]): string | undefined {
  if (alternatives.length === 0) return undefined
  const outer = by.length === 0 ? aggregation : `${aggregation} by (${by.join(', ')}) `
  return `${outer}(${alternatives.join(' or on (instance) ')})`
}

function labelsOf(signal: SignalId, scope: Scope, reading: Reading): string[] {
  return (reading.by ?? []).map((label) => labelOf(signal, label, scope))
}

/** The rates of a counter's names, or of a histogram's parts: alternatives to be joined. */
export function ratesOf(entries: readonly GuardedEntry[], scope: Scope, reading: Reading = {}, part: SamplePart = ''): string[] {
  return distinct(
    entries.map(({ entry, guard }) => {
      const selector = selectorOf(entry, part, scope, reading.where)
      const rate = `rate(${selector}[${scope.window}])`
      const known = part === '' ? withoutBlanks(rate, selector, entry) : rate
      const whole = relabelled(oneOfEach(guard === '' ? known : `(${known}${guard})`, entry), entry, scope, reading)
      return part === '_bucket' || part === '_count' || reading.unscaled === true ? whole : scaled(whole, entry.scale)
    }),
  )
}

/** Entries whose names are theirs alone. */
export function unguarded(entries: readonly DialectEntry[]): GuardedEntry[] {
  return entries.map((entry) => ({ entry, guard: '' }))
}

/** The values of a gauge's names: alternatives to be joined. */
export function levelsOf(entries: readonly DialectEntry[], scope: Scope, reading: Reading = {}): string[] {
  return distinct(
    entries.map((entry) => {
      const selector = selectorOf(entry, '', scope, reading.where)
      const whole = relabelled(oneOfEach(withoutBlanks(selector, selector, entry), entry), entry, scope, reading)
      return reading.unscaled === true ? whole : scaled(whole, entry.scale)
    }),
  )
}

/** Leaves out what the dialect writes for "not known". */
function withoutBlanks(expr: string, selector: string, { blanks = [] }: DialectEntry): string {
  if (blanks.length === 0) return expr
  if (expr === selector && blanks.every(([from, to]) => from === to)) return `(${[expr, ...blanks.map(([value]) => value)].join(' != ')})`
  return `(${[expr, ...blanks.map(([from, to]) => (from === to ? `${selector} == ${from}` : `${selector} >= ${from} <= ${to}`))].join(' unless ')})`
}

/** One series of those that differ in nothing but a replica's label. */
function oneOfEach(expr: string, { replicas = [] }: DialectEntry): string {
  return replicas.length === 0 ? expr : `max without (${replicas.join(', ')}) (${expr})`
}

/** Gives the labels to keep the names that the scope's preferred entry has for them. */
function relabelled(expr: string, entry: DialectEntry, scope: Scope, reading: Reading): string {
  return (reading.by ?? []).reduce((whole, label) => {
    const [own, wanted] = [spelledIn(entry, label), labelOf(entry.signal, label, scope)]
    return own === undefined || own === wanted || label === 'instance' || label === 'job'
      ? whole
      : `label_replace(${whole}, "${wanted}", "$1", "${own}", "(.*)")`
  }, expr)
}

function scaled(expr: string, scale: number): string {
  if (scale === 1) return expr
  return scale > 1 ? `${expr} / ${scale}` : `${expr} * ${1 / scale}`
}

/** Generations that share a name write the same text. */
function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
