import type { Expr } from '@signalbox/promql'
import { bucketsIn, quantityOf } from '../expression/quantity.ts'
import { binariesIn, limitOf, selectorsIn } from '../expression/walk.ts'
import { foundIn, type LintRule } from '../rule.ts'
import { metricOf } from '../vocabulary.ts'

const thresholdScale: LintRule = {
  id: 'threshold-scale',
  code: 'L12',
  severity: 'error',
  tests: 'A ratio (0 to 1) compared with a percentage, or a percentage with a ratio',
  why: 'The comparison is never true, or always.',
  fix: 'write the number in the unit of the metric',
  query: (query) =>
    binariesIn(query.expr).flatMap(({ expr: comparison }) => {
      const limit = limitOf(comparison)
      const unit = limit === undefined ? undefined : quantityOf(limit.value)
      if (limit === undefined || (unit !== 'ratio' && unit !== 'percent')) return []
      const size = Math.abs(limit.limit)
      const wrong = unit === 'ratio' ? size > 1 && size <= 100 : size > 0 && size < 1
      if (!wrong) return []
      const verdict = isNeverTrue(limit.operator, unit) ? 'never true' : 'always true'
      const fix = unit === 'ratio' ? `write ${limit.limit / 100}` : `write ${limit.limit * 100}`
      const range = unit === 'ratio' ? 'the values are 0 to 1' : 'the values are 0 to 100'
      return [
        foundIn(
          query,
          comparison.place,
          `${range}: the comparison with ${limit.limit} is ${unit === 'ratio' ? verdict : `hardly ever ${verdict === 'never true' ? 'true' : 'false'}`}`,
          { fix },
        ),
      ]
    }),
}

function isNeverTrue(operator: string, unit: 'ratio' | 'percent'): boolean {
  return unit === 'ratio' ? operator.startsWith('>') || operator === '==' : operator.startsWith('<')
}

/** Times that a person waits for: tens of milliseconds are no reason to wake anybody. */
const WAITED_FOR = /(^|\.)(ttft|e2e|request_duration)$/
/** In milliseconds: what is below was meant in seconds. */
const MEANT_SECONDS_MAX = 60

const millisecondsThreshold: LintRule = {
  id: 'milliseconds-threshold',
  code: 'L12',
  severity: 'warning',
  tests: 'A time in milliseconds compared with what looks like seconds',
  why: 'Half the systems measure in milliseconds: a limit copied from one that measures in seconds is a thousand times too low.',
  fix: 'write the limit in milliseconds',
  query: (query) =>
    binariesIn(query.expr).flatMap(({ expr: comparison }) => {
      const limit = limitOf(comparison)
      if (limit === undefined || limit.limit <= 0 || limit.limit > MEANT_SECONDS_MAX) return []
      if (quantityOf(limit.value) !== 'milliseconds' || !isWaitedFor(limit.value)) return []
      return [
        foundIn(query, comparison.place, `the values are milliseconds, the limit ${limit.limit} looks like seconds`, {
          fix: `write ${limit.limit * 1000}`,
        }),
      ]
    }),
}

function isWaitedFor(expr: Expr): boolean {
  const selectors = [...bucketsIn(expr), ...selectorsIn(expr).map(({ expr: one }) => one)]
  return selectors.some((one) => metricOf(one).meanings.some(({ entry }) => WAITED_FOR.test(entry.signal)))
}

export const thresholdRules: readonly LintRule[] = [thresholdScale, millisecondsThreshold]
