import type { Binary, Expr, VectorSelector } from '@signalbox/promql'
import { dialects } from '@signalbox/signals'
import { isShare } from '../expression/quantity.ts'
import { isNumber, type ResultLabels, resultLabels, sameLabels } from '../expression/result-labels.ts'
import { aggregatesIn, bare, binariesIn, isComparison, limitOf, selectorsIn } from '../expression/walk.ts'
import { foundIn, type LintRule } from '../rule.ts'
import { metricNamed, metricOf, nameOf, namesOf } from '../vocabulary.ts'

function quoted(labels: ReadonlySet<string>): string {
  return labels.size === 0 ? 'none' : [...labels].map((label) => `\`${label}\``).join(', ')
}

const missingBool: LintRule = {
  id: 'missing-bool',
  code: 'L09',
  severity: 'error',
  tests: 'A comparison whose result is calculated with, without `bool`',
  why: 'Without `bool` a comparison keeps the value or drops the series; it is not 1 or 0.',
  fix: 'write `> bool`',
  query: (query) => {
    const marked = (comparison: Binary) => foundIn(query, comparison.place, 'the comparison keeps the value instead of making 1 or 0')
    const calculated = binariesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator !== '-' && expr.operator !== '+') return []
      return [expr.left, expr.right].flatMap((side) => comparisonIn(side) ?? [])
    })
    const averaged = aggregatesIn(query.expr).flatMap(({ expr }) => (expr.operator === 'avg' ? (comparisonIn(expr.expr) ?? []) : []))
    return [...new Set([...calculated, ...averaged])].filter((one) => !one.bool && limitOf(one) !== undefined).map(marked)
  },
}

/** The comparison that an operand is, through averages. `x == 1` keeps ones and is a selection. */
function comparisonIn(expr: Expr): Binary | undefined {
  const inner = bare(expr)
  if (inner.kind === 'aggregate' && inner.operator === 'avg') return comparisonIn(inner.expr)
  return isComparison(inner) && inner.operator !== '==' && inner.operator !== '!=' ? inner : undefined
}

const unmatchedLabels: LintRule = {
  id: 'unmatched-labels',
  code: 'L08',
  severity: 'error',
  tests: 'An operation between two vectors whose series cannot find each other',
  why: 'Series match when all their labels, or those in `on`, are equal: a label that one side lacks matches nothing.',
  fix: 'aggregate both sides by the same labels, or name those to match with `on (…)`',
  query: (query, { recorded }) =>
    binariesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator === 'or' || isNumber(expr.left) || isNumber(expr.right)) return []
      const [left, right] = [resultLabels(expr.left, recorded), resultLabels(expr.right, recorded)]
      const message = mismatch(expr, left, right)
      return message === undefined ? [] : [foundIn(query, expr.place, message)]
    }),
}

function mismatch({ matching }: Binary, left: ResultLabels, right: ResultLabels): string | undefined {
  if (matching?.on === true) {
    for (const side of [left, right]) {
      const missing = side.kind === 'exact' ? matching.labels.filter((label) => !side.names.has(label)) : []
      const other = side === left ? right : left
      // Where both lack it, the label is empty on both and matches.
      const onlyHere = missing.filter((label) => other.kind !== 'exact' || other.names.has(label))
      if (onlyHere.length > 0) return `\`on (${matching.labels.join(', ')})\`: one side has lost ${quoted(new Set(onlyHere))} by aggregation`
    }
    return undefined
  }
  const ignored = new Set(matching?.labels ?? [])
  const [a, b] = [without(left, ignored), without(right, ignored)]
  if (a.kind === 'exact' && b.kind === 'exact' && !sameLabels(a, b))
    return `one side has the labels ${quoted(a.names)}, the other ${quoted(b.names)}: no series match`
  const [exact, scraped] = a.kind === 'exact' ? [a, b] : [b, a]
  if (exact.kind !== 'exact' || scraped.kind !== 'series' || ignored.size > 0) return undefined
  const lost = ['instance', 'job'].filter((label) => !exact.names.has(label))
  return lost.length === 0 ? undefined : `one side has only the labels ${quoted(exact.names)}, the other those of the scraped series: no series match`
}

function without(labels: ResultLabels, ignored: ReadonlySet<string>): ResultLabels {
  if (labels.kind !== 'exact') return labels
  return { kind: 'exact', names: new Set([...labels.names].filter((name) => !ignored.has(name))) }
}

const selfRatio: LintRule = {
  id: 'self-ratio',
  code: 'L08',
  severity: 'error',
  tests: 'A selection of a metric divided by the whole without aggregation',
  why: 'Each series finds itself in the denominator: the ratio is 1 whatever happens.',
  fix: 'add up both sides: `sum(rate(x{…}[w])) / sum(rate(x[w]))`',
  query: (query) =>
    binariesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator !== '/' || expr.matching !== undefined || aggregatesIn(expr).length > 0) return []
      const [above, below] = [onlySelector(expr.left), onlySelector(expr.right)]
      if (above === undefined || below === undefined || nameOf(above) !== nameOf(below) || above.offsetMs !== below.offsetMs) return []
      if (nameOf(above) === '' || below.matchers.length >= above.matchers.length) return []
      return [foundIn(query, expr.place, `each series of \`${nameOf(above)}\` is divided by itself`)]
    }),
}

function onlySelector(expr: Expr): VectorSelector | undefined {
  const selectors = selectorsIn(expr)
  return selectors.length === 1 ? selectors[0]?.expr : undefined
}

const unguardedRatio: LintRule = {
  id: 'unguarded-ratio',
  code: 'L08',
  severity: 'info',
  tests: 'A share of something that may be 0',
  why: 'Without traffic 0 / 0 is drawn as NaN.',
  fix: 'drop the empty denominator: `a / (b > 0)`',
  query: (query) => {
    if (query.purpose === 'alert') return []
    return binariesIn(query.expr).flatMap(({ expr }) => {
      if (!isShare(expr) || binariesIn(expr.right).some(({ expr: inner }) => isComparison(inner) || inner.operator === 'or')) return []
      return [foundIn(query, expr.place, 'the denominator may be 0')]
    })
  },
}

const twinsAdded: LintRule = {
  id: 'twins-added',
  code: 'L24',
  severity: 'error',
  tests: 'Two names of one signal added up',
  why: 'Where both are shown, between two versions, everything counts twice.',
  fix: 'join them for each instance first: `sum by (m) (sum by (instance, m) (new) or sum by (instance, m) (old))`',
  query: (query) => {
    const sums = binariesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator !== '+') return []
      const names = [...selectorsIn(expr.left), ...selectorsIn(expr.right)].flatMap(({ expr: one }) => nameOf(one))
      const twins = twinsOf(names)
      return twins === undefined ? [] : [foundIn(query, expr.place, `${twins} are one signal`)]
    })
    const lists = aggregatesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator !== 'sum') return []
      return selectorsIn(expr.expr).flatMap(({ expr: one }) => {
        const twins = twinsOf(namesOf(one))
        return twins === undefined ? [] : [foundIn(query, one.place, `${twins} are one signal`)]
      })
    })
    return [...sums, ...lists]
  },
}

/** Two of the names that one system has for one signal. */
function twinsOf(names: readonly string[]): string | undefined {
  const seen = new Map<string, string>()
  for (const name of names) {
    const [meaning] = metricNamed(name).meanings
    if (meaning === undefined) continue
    const { signal, dialect, where } = meaning.entry
    const key = `${signal} ${dialects[dialect].speaker} ${meaning.part} ${JSON.stringify(where ?? {})}`
    const before = seen.get(key)
    if (before !== undefined && before !== name) return `\`${before}\` and \`${name}\``
    seen.set(key, name)
  }
  return undefined
}

const mixedSum: LintRule = {
  id: 'mixed-sum',
  code: 'L12',
  severity: 'error',
  tests: 'Values of different units added, subtracted or compared',
  why: 'Milliseconds and seconds, ratios and percentages: the sum is of neither.',
  fix: 'bring both into one unit first, such as `x / 1000`',
  query: (query) =>
    binariesIn(query.expr).flatMap(({ expr }) => {
      if (expr.operator !== '+' && expr.operator !== '-' && !isComparison(expr)) return []
      const [a, b] = [onlySelector(expr.left), onlySelector(expr.right)]
      if (a === undefined || b === undefined) return []
      const units = [metricOf(a), metricOf(b)].map(({ unit, shape }) => (shape === 'gauge' ? unit : undefined))
      if (binariesIn(expr.left).length > 0 || binariesIn(expr.right).length > 0) return []
      if (!conflict(units[0], units[1])) return []
      return [foundIn(query, expr.place, `${units[0]} and ${units[1]}`)]
    }),
}

const SCALES: readonly (readonly string[])[] = [
  ['seconds', 'milliseconds', 'microseconds'],
  ['ratio', 'percent'],
  ['bytes', 'MiB'],
  ['joules', 'mJ'],
]

/** True for two units of one quantity. */
export function conflict(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b && SCALES.some((scale) => scale.includes(a) && scale.includes(b))
}

export const matchingRules: readonly LintRule[] = [missingBool, unmatchedLabels, selfRatio, unguardedRatio, twinsAdded, mixedSum]
