import { Labels } from '@signalbox/base'
import { evaluateInstant, type Matcher, parse, type Queryable, type SeriesColumns, typeOf } from '@signalbox/promql'
import { type DialectId, dialects } from '@signalbox/signals'
import { describe, expect, test } from 'vitest'
import type { AlertRule, Objectives, RuleSet, RuleTest } from '../types.ts'
import { rules } from './rules.ts'

const objectives: Objectives = { ttftSeconds: 2, tpotSeconds: 0.1, ttftRatio: 0.95, tpotRatio: 0.9, successRatio: 0.999 }
const every = Object.keys(dialects) as DialectId[]

const fleets: readonly [string, readonly DialectId[]][] = [
  ['every dialect', every],
  ['vLLM behind the current picker', ['vllm', 'llm-d-epp', 'signalbox', 'dcgm']],
  ['the seed guide', ['vllm-v0', 'inference-model', 'inference-pool']],
  ['SGLang behind an older picker', ['sglang', 'inference-objective', 'inference-pool']],
  ['Llumnix and TGI', ['llumnix', 'tgi']],
  ['Triton', ['triton']],
]

const alertsOf = (set: RuleSet): AlertRule[] => set.groups.flatMap((group) => group.rules).filter((rule) => rule.kind === 'alert')

/** Series of promtool's notation, the parts of it that the tests use: `5x10`, `0+2x10`, `stale`, `_x3`. */
function columnsOf({ input, intervalSeconds }: RuleTest): SeriesColumns[] {
  return input.map(({ series, values }) => {
    const [, name = '', pairs = ''] = /^([\w:]+)\{(.*)\}$/.exec(series) ?? []
    const labels = Labels.from({
      __name__: name,
      ...Object.fromEntries([...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])),
    })
    const points: (number | undefined)[] = values.split(' ').flatMap((item) => {
      const [, first = '', step = '0', times = '0'] = /^(\d[\d.]*|_|stale)(?:\+([\d.]+))?(?:x(\d+))?$/.exec(item) ?? []
      if (first === 'stale') return [undefined]
      if (first === '_') return Array.from({ length: Number(times) }, () => undefined)
      return Array.from({ length: Number(times) + 1 }, (_, i) => Number(first) + i * Number(step))
    })
    const kept = points.flatMap((value, i) => (value === undefined ? [] : [[i * intervalSeconds * 1000, value] as const]))
    return { labels, timestampsMs: Float64Array.from(kept, ([timeMs]) => timeMs), values: Float64Array.from(kept, ([, value]) => value) }
  })
}

function queryableOf(columns: readonly SeriesColumns[]): Queryable {
  return {
    select: (matchers: readonly Matcher[], startMs, endMs) =>
      columns
        .filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))))
        .map(({ labels, timestampsMs, values }) => {
          const inside = [...timestampsMs.keys()].filter((i) => (timestampsMs[i] ?? 0) >= startMs && (timestampsMs[i] ?? 0) <= endMs)
          return { labels, timestampsMs: timestampsMs.filter((_, i) => inside.includes(i)), values: values.filter((_, i) => inside.includes(i)) }
        }),
  }
}

function vectorOf(expr: string, queryable: Queryable, timeMs: number) {
  const parsed = parse(expr)
  if (!parsed.ok) throw new Error(`${parsed.error.message}: ${expr}`)
  const output = evaluateInstant(parsed.value, queryable, timeMs)
  if (!output.ok || output.value.value.type !== 'vector') throw new Error(`no vector: ${expr}`)
  return output.value.value.samples
}

/** The labels of what an alert's expression returns at the verdict's time, recording rules evaluated then too; `for` is not waited for. */
function firingAt(set: RuleSet, ruleTest: RuleTest, alert: AlertRule, atSeconds: number): Record<string, string>[] {
  const timeMs = atSeconds * 1000
  const columns = columnsOf(ruleTest)
  const input = queryableOf(columns)
  const recorded = set.groups
    .flatMap((group) => group.rules)
    .flatMap((rule) =>
      rule.kind === 'alert' || !alert.expr.includes(rule.record)
        ? []
        : vectorOf(rule.expr, input, timeMs).map(({ labels, value }) => ({
            labels: Labels.from({ ...labels.toRecord(), __name__: rule.record }),
            timestampsMs: Float64Array.of(timeMs),
            values: Float64Array.of(value),
          })),
    )
  return vectorOf(alert.expr, queryableOf([...columns, ...recorded]), timeMs).map(({ labels }) => {
    const { __name__: _, ...rest } = labels.toRecord()
    return { ...rest, severity: alert.severity, ...alert.labels }
  })
}

describe.each(fleets)('the rules for %s', (_name, spoken) => {
  const set = rules({ dialects: spoken, objectives })
  const alerts = alertsOf(set)

  test('are PromQL, under names that are theirs alone', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    for (const rule of set.groups.flatMap((group) => group.rules)) {
      const parsed = parse(rule.expr)
      expect(parsed.ok ? typeOf(parsed.value) : parsed.error.message, rule.expr).toBe('instant vector')
    }
  })

  test('have for each alert a test in which it fires and one in which it is quiet', () => {
    for (const { alert } of alerts) {
      const verdicts = set.tests.flatMap(({ expectations }) => expectations).filter((expectation) => expectation.alert === alert)
      expect(
        verdicts.some(({ firing }) => firing.length > 0),
        alert,
      ).toBe(true)
      expect(
        verdicts.some(({ firing }) => firing.length === 0),
        alert,
      ).toBe(true)
    }
  })

  test.each(set.tests.map((ruleTest) => [ruleTest.name, ruleTest] as const))('%s', (_what, ruleTest) => {
    for (const { alert, atSeconds, firing } of ruleTest.expectations) {
      const rule = alerts.find((candidate) => candidate.alert === alert)
      if (rule === undefined) throw new Error(`a test of ${alert}, which is no rule`)
      expect(firingAt(set, ruleTest, rule, atSeconds)).toEqual(firing)
    }
  })
})

test('the alerts of the seed guides are there under their names, thresholds and severities', () => {
  const alerts = new Map(
    alertsOf(rules({ dialects: ['inference-model', 'inference-pool', 'vllm', 'dcgm'], objectives })).map((rule) => [rule.alert, rule]),
  )
  const said = (alert: string) => {
    const rule = alerts.get(alert)
    return [rule?.severity, rule?.labels, / (?:[<>]|==) (?:10|0\.\d+|\d+)/.exec(rule?.expr ?? '') !== null]
  }
  expect(said('HighInferenceRequestLatencyP99')).toEqual(['warning', {}, true])
  expect(said('HighInferenceErrorRate')).toEqual(['critical', { impact: 'availability' }, true])
  expect(said('HighInferencePoolAvgQueueSize')).toEqual(['critical', { impact: 'performance' }, true])
  expect(said('HighInferencePoolAvgKVCacheUtilization')).toEqual(['critical', { impact: 'resource_exhaustion' }, true])
  expect(alerts.get('HighInferenceRequestLatencyP99')?.expr).toBe(
    '(histogram_quantile(0.99, sum by (le, model_name, target_model_name) (rate(inference_model_request_duration_seconds_bucket[5m])))) > 10',
  )
  for (const alert of ['HighInferenceLatency', 'LowCacheHitRate', 'GPUMemoryHigh', 'InferenceQueueLengthHigh', 'SchedulerUnhealthy']) {
    expect(alerts.has(alert), alert).toBe(true)
  }
})

test('a burn rate that no share of bad requests can reach is not alerted on', () => {
  const names = alertsOf(rules({ dialects: ['signalbox'], objectives })).map(({ alert }) => alert)
  // 14.4 times the budget of 10 % is more than all requests.
  expect(names).not.toContain('TpotBudgetFastBurn')
  expect(names).toContain('TtftBudgetFastBurn')
})
