import type { Binary, Expr } from '@signalbox/promql'
import { resultLabels } from '../expression/result-labels.ts'
import {
  aggregatesIn,
  bare,
  binariesIn,
  callsIn,
  conditionsOf,
  constantOf,
  isComparison,
  limitOf,
  rangesIn,
  selectorsIn,
  spotsOf,
} from '../expression/walk.ts'
import { type Found, foundIn, type LintRule, type ParsedRule } from '../rule.ts'
import { nameOf } from '../vocabulary.ts'

function alerts(check: NonNullable<LintRule['rule']>): NonNullable<LintRule['rule']> {
  return (rule, surroundings) => (rule.kind === 'alert' ? check(rule, surroundings) : [])
}

const emptyWhenGone: LintRule = {
  id: 'empty-when-gone',
  code: 'L13',
  severity: 'warning',
  tests: 'An alert on a count or sum of 0 that has no value when the targets vanish',
  why: 'An aggregation over no series is empty, and empty is not 0: the alert is quiet when all is gone.',
  fix: 'add `or vector(0)` to the aggregation, or an alert with `absent(…)`',
  rule: alerts((rule, { watched }) =>
    binariesIn(rule.expr).flatMap(({ expr: comparison }) => {
      const limit = limitOf(comparison)
      const value = limit === undefined ? undefined : bare(limit.value)
      if (limit === undefined || value?.kind !== 'aggregate') return []
      // A count of what meets a condition is empty when nothing does, however high the limit.
      const selected = value.operator === 'count' && binariesIn(value.expr).some(({ expr }) => isComparison(expr) && !expr.bool)
      const low = limit.operator.startsWith('<') || (limit.operator === '==' && limit.limit === 0)
      const zero =
        (limit.operator === '==' && limit.limit === 0) ||
        (limit.operator === '<' && limit.limit === 1) ||
        (limit.operator === '<=' && limit.limit === 0)
      const ofUp = selectorsIn(value).some(({ expr }) => nameOf(expr) === 'up')
      if (!((value.operator === 'sum' || value.operator === 'count') && (ofUp ? low : zero || (selected && low)))) return []
      if (selectorsIn(value).some(({ expr }) => watched.has(nameOf(expr)))) return []
      return [foundIn(rule.query, comparison.place, `\`${value.operator}\` is empty, not 0, when there are no series`)]
    }),
  ),
}

const noCondition: LintRule = {
  id: 'no-condition',
  code: 'L27',
  severity: 'warning',
  tests: 'An alert without a comparison',
  why: 'It fires for every series that exists, whatever its value.',
  fix: 'compare with a limit',
  rule: alerts((rule) => (isConditional(rule.expr) ? [] : [foundIn(rule.query, rule.expr.place, 'nothing is compared: each series fires')])),
}

/** True where something decides: a comparison, an absence, `unless`, or alerts and names that the expression picks itself. */
function isConditional(root: Expr): boolean {
  return spotsOf(root).some(({ expr }) => {
    if (expr.kind === 'binary') return isComparison(expr) || expr.operator === 'unless'
    if (expr.kind === 'call') return expr.name.startsWith('absent')
    return expr.kind === 'vector-selector' && (nameOf(expr) === 'ALERTS' || nameOf(expr) === '')
  })
}

const boolCondition: LintRule = {
  id: 'bool-condition',
  code: 'L27',
  severity: 'error',
  tests: 'An alert whose condition is a comparison with `bool`',
  why: 'It makes 0 instead of nothing, and 0 fires too.',
  fix: 'leave `bool` out, or compare the result with 1',
  rule: alerts((rule) =>
    conditionsOf(rule.expr).flatMap((one) =>
      isComparison(one) && one.bool ? [foundIn(rule.query, one.place, 'the comparison with `bool` always has a value: the alert always fires')] : [],
    ),
  ),
}

const shortFor: LintRule = {
  id: 'short-for',
  code: 'L28',
  severity: 'warning',
  tests: '`for` shorter than the interval of its group',
  why: 'The alert is looked at only once an interval: it waits a whole one.',
  fix: 'make `for` at least the interval, or leave it out',
  rule: alerts(({ forSeconds, intervalSeconds, forOffset, where }) => {
    if (intervalSeconds === undefined || forSeconds === 0 || forSeconds >= intervalSeconds) return []
    return [
      {
        offset: forOffset,
        where,
        message: `\`for\` is ${forSeconds} s, the group is evaluated every ${intervalSeconds} s`,
        evidence: `for: ${forSeconds}s`,
      },
    ]
  }),
}

const BURN = /burn/i

const oneWindowBurn: LintRule = {
  id: 'one-window-burn',
  code: 'L29',
  severity: 'warning',
  tests: 'An alert on a burn rate over a single window',
  why: 'A long window fires for hours after the end, a short one for every blip.',
  fix: 'let both exceed it: the long window and one of a twelfth, joined by `and`',
  rule: alerts((rule) => {
    if (!BURN.test(rule.name)) return []
    const windows = new Set(rangesIn(rule.expr).map(({ expr }) => expr.rangeMs))
    return windows.size === 1 ? [foundIn(rule.query, rule.expr.place, 'the burn rate is looked at over one window')] : []
  }),
}

const burnRateOne: LintRule = {
  id: 'burn-rate-one',
  code: 'L29',
  severity: 'warning',
  tests: 'A burn-rate alert that compares the availability with the objective itself',
  why: 'That is a burn rate of 1: it pages while the budget lasts as long as it is meant to.',
  fix: 'compare the error ratio with a multiple of the budget: `> 14.4 * 0.001` over 1h and 5m, `> 6 * 0.001` over 6h and 30m',
  rule: alerts((rule) => {
    if (!BURN.test(rule.name)) return []
    return binariesIn(rule.expr)
      .filter(({ expr }) => isObjective(expr))
      .slice(0, 1)
      .map(({ expr }) => foundIn(rule.query, expr.place, 'fires at a burn rate of 1'))
  }),
}

/** `availability < 0.999`. */
function isObjective(expr: Binary): boolean {
  const limit = limitOf(expr)
  return limit?.operator.startsWith('<') === true && limit.limit > 0.9 && limit.limit < 1
}

const absentLabel: LintRule = {
  id: 'absent-label',
  code: 'L30',
  severity: 'warning',
  tests: "A text that names a label which the alert's series do not have",
  why: 'The label was aggregated away: the text shows nothing there.',
  fix: 'keep the label in the aggregation, or leave it out of the text',
  rule: alerts((rule, { recorded }) => {
    const labels = resultLabels(rule.expr, recorded)
    if (labels.kind !== 'exact' || selectorsIn(rule.expr).length === 0) return []
    const own = new Set(rule.labels.map(({ name }) => name))
    return [...rule.annotations, ...rule.labels].flatMap(({ name, text }): Found[] =>
      [...text.text.matchAll(/\$labels\.(\w+)|\.Labels\.(\w+)/g)].flatMap((match) => {
        const label = match[1] ?? match[2] ?? ''
        if (labels.names.has(label) || own.has(label) || label === 'alertname') return []
        return [
          {
            offset: text.at(match.index),
            where: rule.where,
            message: `\`${name}\` names the label \`${label}\`, which the expression drops`,
            evidence: match[0],
          },
        ]
      }),
    )
  }),
}

const absentOfComputed: LintRule = {
  id: 'absent-of-many',
  code: 'L13',
  severity: 'info',
  tests: '`absent` of a metric without a job or another label',
  why: 'It fires only when the last of all targets anywhere is gone.',
  fix: 'compare `count` with what is expected, or use `x offset 15m unless x` for each',
  rule: alerts((rule) =>
    callsIn(rule.expr, 'absent').flatMap(({ expr: call }) => {
      const inner = call.args[0] === undefined ? undefined : bare(call.args[0])
      if (inner?.kind !== 'vector-selector' || inner.matchers.length > 1) return []
      return [foundIn(rule.query, call.place, `\`absent\` asks for the last series of \`${nameOf(inner)}\``)]
    }),
  ),
}

const duplicateAlert: LintRule = {
  id: 'duplicate-rule',
  code: 'L31',
  severity: 'warning',
  tests: 'Two alerts or recordings with the same name and labels in one file, or two groups with one name',
  why: 'Alerts with the same labels hide each other, recordings write over each other, and a file with two groups of one name is refused.',
  fix: 'give each its own name or a label, such as `severity`',
  ruleFile: (file) => {
    const found: Found[] = []
    const groups = new Set<string>()
    const rules = new Set<string>()
    for (const group of file.groups) {
      if (group.name !== '' && groups.has(group.name)) {
        found.push({
          offset: group.offset,
          where: `group ${group.name}`,
          message: 'a second group of this name: the file is refused',
          evidence: `name: ${group.name}`,
          severity: 'error',
        })
      }
      groups.add(group.name)
      for (const rule of group.rules) {
        const labels = rule.labels.map(({ name, text }) => `${name}=${text.text}`).sort()
        const key = JSON.stringify([rule.kind, rule.name, labels])
        if (rules.has(key))
          found.push({ offset: rule.offset, where: rule.where, message: 'a second rule of this name with the same labels', evidence: rule.name })
        rules.add(key)
      }
    }
    return found
  },
}

const ruleShape: LintRule = {
  id: 'rule-shape',
  code: 'L32',
  severity: 'error',
  tests: 'What Prometheus refuses in a rule file: unknown keys, rules without a name or an expression, durations that are none',
  why: 'The whole file is refused, and the rules before it stay in force.',
  fix: 'write it as Prometheus reads it',
  ruleFile: (file) =>
    file.problems.map(({ offset, where, message, fix }) => ({ offset, where, message, evidence: message.match(/`([^`]+)`/)?.[1] ?? '', fix })),
}

const constantCondition: LintRule = {
  id: 'constant-condition',
  code: 'L27',
  severity: 'warning',
  tests: 'A comparison that no value, or every value, of a count or rate meets',
  why: 'Counts and rates are never negative: `>= 0` is always true, `< 0` never.',
  fix: 'compare with a number that tells something',
  rule: alerts((rule: ParsedRule) =>
    binariesIn(rule.expr).flatMap(({ expr: comparison }) => {
      const limit = limitOf(comparison)
      if (limit === undefined || limit.limit !== 0 || (limit.operator !== '>=' && limit.operator !== '<')) return []
      const value = bare(limit.value)
      const counting =
        (value.kind === 'aggregate' && value.operator === 'count') ||
        (value.kind === 'call' && ['rate', 'increase', 'irate'].includes(value.name)) ||
        onlyRates(value)
      if (!counting || constantOf(limit.value) !== undefined) return []
      return [foundIn(rule.query, comparison.place, `never negative: \`${limit.operator} 0\` is ${limit.operator === '<' ? 'never' : 'always'} true`)]
    }),
  ),
}

function onlyRates(expr: Expr): boolean {
  return (
    aggregatesIn(expr).length > 0 &&
    expr.kind === 'aggregate' &&
    ['sum', 'avg', 'max', 'min'].includes(expr.operator) &&
    bare(expr.expr).kind === 'call' &&
    callsIn(expr.expr, 'rate', 'increase', 'irate').some(({ expr: call }) => call === bare(expr.expr))
  )
}

export const alertRules: readonly LintRule[] = [
  emptyWhenGone,
  noCondition,
  boolCondition,
  constantCondition,
  shortFor,
  oneWindowBurn,
  burnRateOne,
  absentLabel,
  absentOfComputed,
  duplicateAlert,
  ruleShape,
]
