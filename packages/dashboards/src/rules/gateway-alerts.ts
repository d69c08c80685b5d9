import { levelOf, quantileOfEach, rateOf, ratio } from '../expressions.ts'
import { layoutsOf } from '../layouts.ts'
import { labelOf } from '../selectors.ts'
import type { RuleTest, Scope } from '../types.ts'
import type { AlertDraft } from './alert.ts'
import { RuleInput } from './rule-input.ts'

const MODEL = { model: 'm', instance: 'gateway-1' } as const
const INPUT_STEPS = 30
const MINUTE = 60

/**
 * The four alerts of the endpoint picker. SOURCE: names, thresholds, severities and labels of the seed guide; its expressions
 * corrected: quantiles of the fleet instead of one of each series, a ratio without 0/0.
 */
export function gatewayAlerts(scope: Scope): AlertDraft[] {
  return [latency(scope), errors(scope), queue(scope), kvUsage(scope)]
}

function latency(scope: Scope): AlertDraft {
  const name = 'HighInferenceRequestLatencyP99'
  const by = ['model', 'target_model']
  const signal = 'gateway.request_duration'
  const [model, target] = by.map((label) => labelOf(signal, label, scope)) as [string, string]
  const input = new RuleInput(scope, INPUT_STEPS)
  const layouts = layoutsOf(signal, scope)
  const dialect = layouts.length > 1 && layouts[0] !== undefined ? { dialect: layouts[0].title } : {}
  const labels = { ...MODEL, target_model: 't' }
  const firing = { ...dialect, [model]: 'm', [target]: 't', severity: 'warning' }
  const quantile = quantileOfEach(0.99, signal, scope, { by })
  return {
    alert: name,
    expr: quantile === undefined ? undefined : `(${quantile}) > 10`,
    forSeconds: 5 * MINUTE,
    severity: 'warning',
    summary: `High latency (P99) for model {{ $labels.${model} }}`,
    meaning: `The 99th percentile of the duration of requests for a model has been above 10 seconds for 5 minutes.`,
    causes: [
      'Requests wait: load is beyond what the engines can take.',
      'Answers became longer; a long answer is slow without anything being wrong.',
      'One engine is slow and holds the tail.',
    ],
    look: 'Look at the time to first token: if it rose too, requests wait or prompts grew; if not, compare the output length with an hour ago.',
    action:
      'Add engines or shed load where requests wait, take a slow engine out, and raise the threshold where long answers are what users ask for.',
    tests: [
      expectation(name, 'slow', input.histogram(signal, labels, { value: 20, step: 6 }), [firing]),
      expectation(name, 'fast', input.histogram(signal, labels, { value: 0.5, step: 6 }), []),
    ],
  }
}

function errors(scope: Scope): AlertDraft {
  const name = 'HighInferenceErrorRate'
  const by = { by: ['model'] }
  const model = labelOf('gateway.requests', 'model', scope)
  const input = new RuleInput(scope, INPUT_STEPS)
  const share = ratio(rateOf('gateway.request_errors', scope, by), rateOf('gateway.requests', scope, by))
  const traffic = (failed: number) => [
    ...input.series('gateway.requests', MODEL, { step: 100 }),
    ...input.series('gateway.request_errors', { ...MODEL, error_code: 'Internal' }, { step: failed }),
  ]
  return {
    alert: name,
    expr: share === undefined ? undefined : `${share} > 0.05`,
    forSeconds: 5 * MINUTE,
    severity: 'critical',
    labels: { impact: 'availability' },
    summary: `High error rate for model {{ $labels.${model} }}`,
    meaning: 'More than 5 % of the requests for a model have ended in an error for 5 minutes.',
    causes: [
      'Engines are down or refuse requests.',
      'Requests are shed because the pool is full.',
      'One engine answers every request with an error and, being quick at it, draws traffic.',
    ],
    look: 'Split the errors by code, then by endpoint.',
    action: 'Take a failing engine out of the pool; for ServiceUnavailable and ResourceExhausted add engines.',
    tests: [
      expectation(name, 'failing', traffic(10), [{ [model]: 'm', severity: 'critical', impact: 'availability' }]),
      expectation(name, 'a few failures', traffic(1), []),
    ],
  }
}

function queue(scope: Scope): AlertDraft {
  return poolAlert(scope, {
    alert: 'HighInferencePoolAvgQueueSize',
    signal: 'pool.queue',
    threshold: 50,
    labels: { impact: 'performance' },
    summary: 'High average queue size for inference pool',
    meaning: 'The mean number of requests that wait in an endpoint of the pool has been above 50 for 5 minutes.',
    causes: ['Load is beyond capacity.', 'Endpoints are missing from the pool.', 'Answers or prompts became longer.'],
    look: 'Look at the ready endpoints and at the rate of requests against yesterday.',
    action: 'Add endpoints, bring the missing ones back, or shed load by priority.',
    values: [80, 5],
  })
}

function kvUsage(scope: Scope): AlertDraft {
  return poolAlert(scope, {
    alert: 'HighInferencePoolAvgKVCacheUtilization',
    signal: 'pool.kv_usage',
    threshold: 0.9,
    labels: { impact: 'resource_exhaustion' },
    summary: 'High KV cache utilization for inference pool',
    meaning:
      'The mean share of KV-cache blocks held by requests has been above 90 % for 5 minutes: new requests wait and running ones are preempted.',
    causes: ['Too many long contexts at once.', 'Load is beyond capacity.', 'Engines were started with less memory for the cache than before.'],
    look: 'Look at preemptions and at the queues: with both, memory is what is short.',
    action: 'Add endpoints, limit the context length, or give the cache more memory.',
    values: [0.95, 0.5],
  })
}

type PoolAlert = Pick<AlertDraft, 'alert' | 'summary' | 'meaning' | 'causes' | 'look' | 'action'> & {
  readonly signal: 'pool.queue' | 'pool.kv_usage'
  readonly threshold: number
  readonly labels: Readonly<Record<string, string>>
  /** One that fires and one that does not. */
  readonly values: readonly [number, number]
}

function poolAlert(scope: Scope, { signal, threshold, values: [high, low], labels, summary, ...text }: PoolAlert): AlertDraft {
  const pool = labelOf(signal, 'pool', scope)
  const level = levelOf('avg', signal, scope, { by: ['pool'] })
  const input = new RuleInput(scope, INPUT_STEPS)
  const at = (value: number) => input.series(signal, { pool: 'p', instance: 'gateway-1' }, { value })
  return {
    ...text,
    expr: level === undefined ? undefined : `${level} > ${threshold}`,
    forSeconds: 5 * MINUTE,
    severity: 'critical',
    labels,
    summary: `${summary} {{ $labels.${pool} }}`,
    tests: [
      expectation(text.alert, 'high', at(high), [{ [pool]: 'p', severity: 'critical', ...labels }]),
      expectation(text.alert, 'low', at(low), []),
    ],
  }
}

/** One verdict after 20 minutes of samples a minute apart. */
export function expectation(alert: string, what: string, input: RuleTest['input'], firing: RuleTest['expectations'][number]['firing']): RuleTest {
  return { name: `${alert}: ${what}`, intervalSeconds: MINUTE, input, expectations: [{ alert, atSeconds: 20 * MINUTE, firing }] }
}
