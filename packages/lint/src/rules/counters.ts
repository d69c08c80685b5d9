import type { Expr, VectorSelector } from '@signalbox/promql'
import { bare, binariesIn, callsIn, limitOf, type Spot, selectorsIn } from '../expression/walk.ts'
import { foundIn, type LintRule, type ParsedQuery, type Surroundings } from '../rule.ts'
import { isCumulative, isInfo, metricOf, nameOf } from '../vocabulary.ts'

/** Functions and aggregations to which the size of a counter means nothing, or everything. */
const INDIFFERENT: ReadonlySet<string> = new Set([
  'rate',
  'irate',
  'increase',
  'resets',
  'changes',
  'absent',
  'absent_over_time',
  'present_over_time',
  'count_over_time',
  'timestamp',
  'delta',
  'idelta',
  'deriv',
  'predict_linear',
  'histogram_quantile',
])
const RATES = ['rate', 'irate', 'increase'] as const
const DIFFERENCES = ['delta', 'idelta', 'deriv', 'predict_linear'] as const

/** A counter whose value itself is looked at. */
function rawCounters(query: ParsedQuery, { recorded }: Surroundings): readonly Spot<VectorSelector>[] {
  if (query.purpose === 'variable' || query.purpose === 'annotation') return []
  return selectorsIn(query.expr).filter(({ expr: selector, around }) => {
    const metric = metricOf(selector)
    if (!isCumulative(metric) || isInfo(metric) || recorded.has(metric.name)) return false
    return !around.some((outer, depth) => isIndifferent(outer, around[depth - 1] ?? selector))
  })
}

function isIndifferent(outer: Expr, inner: Expr): boolean {
  if (outer.kind === 'call') return INDIFFERENT.has(outer.name)
  if (outer.kind === 'aggregate') return outer.operator === 'count' || outer.operator === 'group' || outer.operator === 'count_values'
  if (outer.kind !== 'binary') return false
  // What only says which series are meant, and differences of a counter with itself at another time.
  if (outer.operator === 'and' || outer.operator === 'unless') return outer.right === inner || isExistence(outer)
  return outer.operator === '-' && hasOffset(outer)
}

/** `x offset 15m unless x`: series that went away. */
function isExistence(expr: Expr): boolean {
  return expr.kind === 'binary' && expr.operator === 'unless' && hasOffset(expr)
}

function hasOffset(expr: Expr): boolean {
  const selectors = selectorsIn(expr).map(({ expr: selector }) => selector)
  return selectors.some(({ offsetMs }) => offsetMs !== 0) && new Set(selectors.map(nameOf)).size === 1
}

/** The division that a part stands in with `_sum` above and `_count` of the same histogram below. */
function isLifetimeMean(around: readonly Expr[]): boolean {
  return around.some((outer) => {
    if (outer.kind !== 'binary' || outer.operator !== '/') return false
    const [sum, count] = [onlyName(outer.left), onlyName(outer.right)]
    return sum?.endsWith('_sum') === true && count === sum.replace(/_sum$/, '_count')
  })
}

function onlyName(expr: Expr): string | undefined {
  const names = new Set(selectorsIn(expr).map(({ expr: selector }) => nameOf(selector)))
  return names.size === 1 ? [...names][0] : undefined
}

const rawCounter: LintRule = {
  id: 'raw-counter',
  code: 'L01',
  severity: 'warning',
  tests: 'A counter, or a part of a histogram, shown as it is',
  why: 'The value is what happened since the process began: it only grows, and falls to 0 with each restart.',
  fix: 'take `rate(…[$__rate_interval])` for a speed, `increase(…[$__range])` for an amount',
  query: (query, surroundings) =>
    rawCounters(query, surroundings)
      .filter(({ around }) => !isLifetimeMean(around) && !around.some((outer) => limitOf(outer) !== undefined && query.purpose === 'alert'))
      .map(({ expr }) => foundIn(query, expr.place, `\`${nameOf(expr)}\` is a counter and is shown as it is`)),
}

const counterThreshold: LintRule = {
  id: 'counter-threshold',
  code: 'L01',
  severity: 'error',
  tests: 'An alert that compares a counter itself with a number',
  why: 'Once the counter has passed the number the alert fires until the process restarts; before its first event there is no series to compare.',
  fix: 'compare `rate(…[5m])` or `increase(…[1h])`',
  query: (query, surroundings) => {
    if (query.purpose !== 'alert') return []
    return rawCounters(query, surroundings)
      .filter(({ around }) => !isLifetimeMean(around) && around.some((outer) => limitOf(outer) !== undefined))
      .map(({ expr }) => foundIn(query, expr.place, `\`${nameOf(expr)}\` is a counter: what it is compared with is passed for good`))
  },
}

const lifetimeMean: LintRule = {
  id: 'lifetime-mean',
  code: 'L06',
  severity: 'warning',
  tests: 'A `_sum` divided by its `_count` without rates',
  why: 'It is the mean since the process began: an incident of minutes moves it by nothing.',
  fix: 'divide rates: `rate(x_sum[w]) / rate(x_count[w])`',
  query: (query, surroundings) =>
    rawCounters(query, surroundings)
      .filter(({ expr, around }) => nameOf(expr).endsWith('_sum') && isLifetimeMean(around))
      .map(({ expr }) => foundIn(query, expr.place, `\`${nameOf(expr)}\` by its count is the mean since the process began`)),
}

const rateOfGauge: LintRule = {
  id: 'rate-of-gauge',
  code: 'L02',
  severity: 'error',
  tests: '`rate`, `irate` or `increase` of a gauge',
  why: 'Each fall of a gauge is taken for a restart of a counter: the result is noise.',
  fix: 'show the gauge itself, or `deriv` for its slope',
  query: (query) =>
    callsIn(query.expr, ...RATES).flatMap(({ expr: call }) => {
      const inner = call.args[0] === undefined ? undefined : bare(call.args[0])
      if (inner?.kind !== 'matrix-selector') return []
      const metric = metricOf(inner.selector)
      if (metric.shape !== 'gauge') return []
      const note = metric.meanings[0]?.entry.note
      return [foundIn(query, call.place, `\`${metric.name}\` is a gauge${note === undefined ? '' : ` (${note})`}`)]
    }),
}

const differenceOfCounter: LintRule = {
  id: 'difference-of-counter',
  code: 'L02',
  severity: 'warning',
  tests: '`delta`, `deriv` or `predict_linear` of a counter',
  why: 'A restart shows as a fall: these functions know of no resets.',
  fix: 'take `rate` or `increase`',
  query: (query) =>
    callsIn(query.expr, ...DIFFERENCES).flatMap(({ expr: call }) => {
      const inner = call.args[0] === undefined ? undefined : bare(call.args[0])
      if (inner?.kind !== 'matrix-selector' || !isCumulative(metricOf(inner.selector))) return []
      return [foundIn(query, call.place, `\`${call.name}\` of the counter \`${nameOf(inner.selector)}\``)]
    }),
}

const rateOfSum: LintRule = {
  id: 'rate-of-sum',
  code: 'L21',
  severity: 'error',
  tests: '`rate` of counters that were added up first',
  why: 'When one process restarts the sum falls, and the whole sum is taken for the increase.',
  fix: 'add up rates: `sum(rate(x[w]))`',
  query: (query) =>
    callsIn(query.expr, ...RATES).flatMap(({ expr: call }) => {
      const inner = call.args[0] === undefined ? undefined : bare(call.args[0])
      if (inner?.kind !== 'subquery' || bare(inner.expr).kind !== 'aggregate') return []
      return [foundIn(query, call.place, `\`${call.name}\` is taken of a sum`)]
    }),
}

/** Units in which a panel shows how long something takes. */
const TIME_UNITS: ReadonlySet<string> = new Set(['s', 'ms', 'µs', 'us', 'ns', 'm', 'h', 'dtdurations', 'dtdurationms', 'clocks', 'clockms'])

const sumAsMean: LintRule = {
  id: 'sum-as-mean',
  code: 'L07',
  severity: 'warning',
  tests: "The rate of a time histogram's `_sum`, not divided by the rate of its `_count`, drawn as a time",
  why: 'Seconds per second are the mean number of requests in that phase, and no duration: the line follows the load.',
  fix: 'divide by the rate of `_count`',
  panel: (panel) =>
    panel.queries.flatMap((query) => {
      if (query.parsed?.ok !== true || (panel.unit !== undefined && !TIME_UNITS.has(panel.unit.id))) return []
      const expr = query.parsed.value
      const selectors = selectorsIn(expr)
      const sums = selectors.filter(({ expr: selector }) => metricOf(selector).shape === 'sum' && metricOf(selector).unit === 'seconds')
      if (binariesIn(expr).some(({ expr: one }) => one.operator === '/')) return []
      return sums.map(({ expr: selector }) => foundIn(query, selector.place, `the rate of \`${nameOf(selector)}\` is no mean`))
    }),
}

export const counterRules: readonly LintRule[] = [rawCounter, counterThreshold, rateOfGauge, differenceOfCounter, rateOfSum, lifetimeMean, sumAsMean]
