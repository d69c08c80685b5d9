import type { Call, Expr } from '@signalbox/promql'
import { signals } from '@signalbox/signals'
import { bucketsIn } from '../expression/quantity.ts'
import { aggregatesIn, bare, binariesIn, callsIn, constantOf, limitOf, type Spot, selectorsIn, spotsOf } from '../expression/walk.ts'
import { foundIn, isTemplated, type LintRule, type ParsedQuery } from '../rule.ts'
import { boundsOf, type Metric, metricOf, nameOf } from '../vocabulary.ts'

/** Aggregations that make a number of no meaning out of quantiles. */
const BLENDING: ReadonlySet<string> = new Set(['avg', 'sum', 'stddev', 'stdvar', 'quantile'])

function quantiles(query: ParsedQuery): readonly Spot<Call>[] {
  return callsIn(query.expr, 'histogram_quantile')
}

function bucketArgument(call: Call): Exclude<Expr, { kind: 'paren' }> | undefined {
  return call.args[1] === undefined ? undefined : bare(call.args[1])
}

/** The innermost values, past functions of one argument and selections. */
function core(expr: Expr): Expr {
  const inner = bare(expr)
  if (inner.kind === 'binary' && ['and', 'unless', '>', '>=', '!='].includes(inner.operator)) return core(inner.left)
  if (inner.kind === 'aggregate' && (inner.operator === 'topk' || inner.operator === 'bottomk')) return core(inner.expr)
  return inner
}

const quantileWithoutLe: LintRule = {
  id: 'quantile-without-le',
  code: 'L04',
  severity: 'error',
  tests: '`histogram_quantile` over buckets whose label `le` was aggregated away',
  why: 'Without bounds there is no quantile: the result is empty.',
  fix: 'keep it: `sum by (le, …) (rate(x_bucket[w]))`',
  query: (query) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const argument = bucketArgument(call)
      if (argument === undefined) return []
      const dropping = aggregatesIn(argument).filter(({ expr: one }) => one.operator !== 'topk' && one.without === one.grouping.includes('le'))
      return dropping.slice(0, 1).map(({ expr: one }) => foundIn(query, one.place, `\`${one.operator}\` drops \`le\` under \`histogram_quantile\``))
    }),
}

const quantilePerSeries: LintRule = {
  id: 'quantile-per-series',
  code: 'L04',
  severity: 'warning',
  tests: '`histogram_quantile` over buckets that were not added up',
  why: 'There is one quantile for each process, and none of the fleet.',
  fix: 'add buckets up first: `sum by (le, …) (rate(x_bucket[w]))`, with `instance` in the list where each is meant',
  query: (query) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const argument = bucketArgument(call)
      if (argument === undefined || aggregatesIn(argument).length > 0 || bucketsIn(argument).length === 0) return []
      const inner = core(argument)
      if (inner.kind !== 'call' && inner.kind !== 'vector-selector') return []
      return [foundIn(query, call.place, 'one quantile a process: the buckets are not added up')]
    }),
}

const quantileOfTotals: LintRule = {
  id: 'quantile-of-totals',
  code: 'L04',
  severity: 'warning',
  tests: '`histogram_quantile` over buckets without `rate`',
  why: 'It is the quantile since the process began.',
  fix: 'take `rate(x_bucket[w])`',
  query: (query) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const argument = bucketArgument(call)
      if (argument === undefined || spotsOf(argument).some(({ expr: one }) => one.kind === 'matrix-selector')) return []
      return bucketsIn(argument)
        .slice(0, 1)
        .map((bucket) => foundIn(query, bucket.place, `the buckets of \`${nameOf(bucket)}\` are totals since the process began`))
    }),
}

const quantileRange: LintRule = {
  id: 'quantile-range',
  code: 'L22',
  severity: 'error',
  tests: 'A quantile outside 0 to 1',
  why: 'The result is infinite.',
  fix: 'write 0.95 for the 95th percentile',
  query: (query) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const [argument] = call.args
      const q = argument === undefined ? undefined : constantOf(argument)
      if (argument === undefined || q === undefined || (q >= 0 && q <= 1) || isTemplated(query, argument.place)) return []
      return [foundIn(query, argument.place, `${q} is no quantile: they go from 0 to 1`)]
    }),
}

const blendedQuantiles: LintRule = {
  id: 'blended-quantiles',
  code: 'L05',
  severity: 'error',
  tests: 'An average or sum of quantiles, computed or from a `quantile` label',
  why: 'The 99th percentile of all requests is not the average of the 99th percentiles of parts.',
  fix: 'add up buckets and take the quantile last; of summaries only the maximum says something',
  query: (query) =>
    aggregatesIn(query.expr).flatMap(({ expr: aggregate }) => {
      if (!BLENDING.has(aggregate.operator)) return []
      const computed = callsIn(aggregate.expr, 'histogram_quantile').length > 0
      const summary = selectorsIn(aggregate.expr).some(({ expr: one }) => one.matchers.some(({ name, value }) => name === 'quantile' && value !== ''))
      if (!computed && !summary) return []
      return [foundIn(query, aggregate.place, `\`${aggregate.operator}\` of quantiles is no quantile`)]
    }),
}

const beyondBuckets: LintRule = {
  id: 'beyond-buckets',
  code: 'L11',
  severity: 'error',
  tests: 'A quantile that is to exceed a number at or above the largest bound of its histogram',
  why: 'A quantile never reads higher than the last finite bound: the comparison is never true.',
  fix: 'compare the share above a bound: `1 - sum(rate(x_bucket{le="bound"}[w])) / sum(rate(x_count[w]))`',
  query: (query) =>
    binariesIn(query.expr).flatMap(({ expr: comparison }) => {
      const limit = limitOf(comparison)
      const value = limit === undefined ? undefined : core(limit.value)
      if (limit === undefined || (limit.operator !== '>' && limit.operator !== '>=') || value?.kind !== 'call') return []
      if (value.name !== 'histogram_quantile') return []
      const largest = bucketsIn(value).map((bucket) => boundsOf(metricOf(bucket))?.at(-1))
      const last = largest.length === 0 || largest.includes(undefined) ? undefined : Math.max(...largest.map((bound) => bound ?? 0))
      if (last === undefined || limit.limit < last || (limit.operator === '>=' && limit.limit === last)) return []
      return [foundIn(query, comparison.place, `the buckets end at ${last}: the quantile is never above ${limit.limit}`)]
    }),
}

const unknownBound: LintRule = {
  id: 'unknown-bound',
  code: 'L14',
  severity: 'error',
  tests: 'A bucket chosen by a bound that the histogram does not have',
  why: 'There is no such series: shares over a bound must name one of the bounds.',
  fix: 'take one of the bounds',
  query: (query) =>
    selectorsIn(query.expr).flatMap(({ expr: selector }) => {
      const metric = metricOf(selector)
      const bounds = metric.shape === 'bucket' ? boundsOf(metric) : undefined
      const wanted = selector.matchers.find(({ name, operator }) => name === 'le' && operator === '=')?.value
      if (bounds === undefined || wanted === undefined || wanted.includes('$') || wanted === '+Inf' || bounds.includes(Number(wanted))) return []
      const near = [...bounds].sort((a, b) => Math.abs(a - Number(wanted)) - Math.abs(b - Number(wanted))).slice(0, 3)
      return [
        foundIn(query, selector.place, `\`${metric.name}\` has no bucket le="${wanted}"`, {
          fix: `the nearest bounds are ${near.sort((a, b) => a - b).join(', ')}`,
        }),
      ]
    }),
}

const integerBound: LintRule = {
  id: 'integer-bound',
  code: 'L15',
  severity: 'warning',
  tests: 'A bucket or quantile chosen by an integer (`le="1"`)',
  why: 'Prometheus 3 writes the label as "1.0", earlier versions as the client did: one of the two finds nothing.',
  fix: 'match both: `le=~"1|1.0"`',
  query: (query) =>
    selectorsIn(query.expr).flatMap(({ expr: selector }) =>
      selector.matchers
        .filter(({ name, operator, value }) => (name === 'le' || name === 'quantile') && operator === '=' && /^\d+(\.0+)?$/.test(value))
        .map(({ name, value }) => {
          const whole = String(Number(value))
          return foundIn(query, selector.place, `${name}="${value}" is spelled differently by Prometheus 2 and 3`, {
            fix: `write ${name}=~"${whole}|${whole}.0"`,
          })
        }),
    ),
}

const quantileOfGood: LintRule = {
  id: 'quantile-of-good',
  code: 'L18',
  severity: 'warning',
  tests: 'A high percentile of something of which more is better',
  why: 'The 99th percentile of a hit rate is that of the luckiest hundredth.',
  fix: 'take the 10th percentile, which most stay above',
  query: (query, _, siblings) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const q = call.args[0] === undefined ? undefined : constantOf(call.args[0])
      const hasLow = siblings.some((one) => quantiles(one).some(({ expr }) => (constantOf(expr.args[0] ?? expr) ?? 1) < 0.5))
      if (hasLow) return []
      const good = bucketsIn(call).flatMap((bucket) => metricOf(bucket).meanings.map(({ entry }) => signals[entry.signal]))
      if (q === undefined || q < 0.8 || good.length === 0 || good.some((signal) => signal.good !== 'up')) return []
      return [foundIn(query, call.place, `p${Math.round(q * 1000) / 10} of something of which more is better`)]
    }),
}

/** The bounds that a histogram has in one version or another. */
function layoutsOf({ meanings }: Metric): ReadonlySet<string> {
  return new Set(meanings.flatMap(({ entry }) => entry.bounds?.join() ?? []))
}

const mixedLayouts: LintRule = {
  id: 'mixed-layouts',
  code: 'L23',
  severity: 'error',
  tests: 'Buckets of histograms with different bounds added up',
  why: 'Counts under bounds that only one of them has are missing from the other: quantiles come out several times too high or too low.',
  fix: 'take a quantile of each, and show a line of each',
  query: (query) =>
    quantiles(query).flatMap(({ expr: call }) => {
      const buckets = bucketsIn(call).flatMap((bucket) => {
        const layouts = layoutsOf(metricOf(bucket))
        return layouts.size === 0 ? [] : [{ bucket, layouts }]
      })
      const [first, ...others] = buckets
      const common = [...(first?.layouts ?? [])].filter((layout) => others.every(({ layouts }) => layouts.has(layout)))
      if (first === undefined || common.length > 0) return []
      const names = new Set(buckets.map(({ bucket }) => `\`${nameOf(bucket)}\``))
      return [foundIn(query, call.place, `buckets of different bounds: ${[...names].join(', ')}`)]
    }),
}

export const quantileRules: readonly LintRule[] = [
  quantileWithoutLe,
  quantilePerSeries,
  quantileOfTotals,
  quantileRange,
  blendedQuantiles,
  beyondBuckets,
  unknownBound,
  integerBound,
  quantileOfGood,
  mixedLayouts,
]
