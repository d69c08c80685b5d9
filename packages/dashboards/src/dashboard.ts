import { type SignalId, signals } from '@signalbox/signals'
import { levelOf, meanOf, quantileOf, rateOf, ratio, type Scope } from './expressions.ts'
import type { PanelQuery, PanelView, Threshold } from './types.ts'

const KV_USAGE: readonly Threshold[] = [
  { value: 0, level: 'ok' },
  { value: 0.7, level: 'warning' },
  { value: 0.9, level: 'critical' },
]

const HIT_RATE: readonly Threshold[] = [
  { value: 0, level: 'critical' },
  { value: 0.3, level: 'warning' },
  { value: 0.6, level: 'ok' },
]

/** One series an endpoint, drawn under the fleet's number. */
const ENDPOINT = { by: ['instance'], legend: '{{instance}}' } as const

/**
 * The eight panels of the performance dashboard, for one model or (model '') for all.
 * SOURCE: panels and thresholds of the seed dashboard; corrections of its expressions, reference/ux.md §1.3.
 */
export function dashboard(scope: Scope): PanelView[] {
  return [
    {
      id: 'ttft',
      title: 'Time to first token',
      unit: 'seconds',
      kind: 'timeseries',
      thresholds: [],
      good: signals['engine.ttft'].good,
      description: `How long the first token took, measured in the engine: p95 is the time that 95 of 100 requests stayed under. ${over(scope)}`,
      queries: quantiles('engine.ttft', scope, [0.5, 0.95, 0.99]),
    },
    {
      id: 'itl',
      title: 'Inter-token latency',
      unit: 'seconds',
      kind: 'timeseries',
      thresholds: [],
      good: signals['engine.itl'].good,
      description: `The pause between two outputs of the same request, which is what makes text appear smoothly or not. ${over(scope)}`,
      queries: quantiles('engine.itl', scope, [0.5, 0.95]),
    },
    {
      id: 'kv-usage',
      title: 'KV cache in use',
      unit: 'ratio',
      kind: 'gauge',
      thresholds: KV_USAGE,
      good: 'down',
      description:
        'Share of KV-cache blocks that requests hold: the mean over all engines, and for each endpoint its fullest engine. Near 100 % new requests wait and running ones are preempted.',
      queries: [
        { legend: 'fleet', expr: levelOf('avg', 'engine.kv_usage', scope) },
        { legend: ENDPOINT.legend, expr: levelOf('max', 'engine.kv_usage', scope, ENDPOINT) },
      ],
    },
    {
      id: 'hit-rate',
      title: 'Prefix cache hit rate',
      unit: 'ratio',
      kind: 'gauge',
      thresholds: HIT_RATE,
      good: 'up',
      description: `Share of the prompt tokens looked up that were already cached and so needed no prefill; no value while nothing is looked up. ${over(scope)}`,
      queries: [
        { legend: 'fleet', expr: ratio(rateOf('engine.prefix_hits', scope), rateOf('engine.prefix_queries', scope)) },
        {
          legend: ENDPOINT.legend,
          expr: ratio(rateOf('engine.prefix_hits', scope, ENDPOINT), rateOf('engine.prefix_queries', scope, ENDPOINT)),
        },
      ],
    },
    {
      id: 'queue',
      title: 'Requests in the engines',
      unit: 'requests',
      kind: 'timeseries',
      thresholds: [],
      good: 'down',
      description: 'Requests in the running batches, and requests that wait to be let in: waiting ones that stay are load beyond capacity.',
      queries: [
        { legend: 'running', expr: levelOf('sum', 'engine.requests_running', scope) },
        { legend: 'waiting', expr: levelOf('sum', 'engine.requests_waiting', scope) },
      ],
    },
    {
      id: 'throughput',
      title: 'Request throughput',
      unit: 'requests/s',
      kind: 'timeseries',
      thresholds: [],
      good: 'up',
      description: `Requests that ended per second, and those among them that ran to their own end rather than being aborted or failing. ${over(scope)}`,
      queries: [
        { legend: 'succeeded', expr: rateOf('engine.requests_finished', scope, { where: 'finished_reason!~"abort|error"' }) },
        { legend: 'all', expr: rateOf('engine.e2e', scope, { part: '_count' }) },
      ],
    },
    {
      id: 'tokens',
      title: 'Token throughput',
      unit: 'tokens/s',
      kind: 'timeseries',
      thresholds: [],
      good: 'up',
      description: `Prompt tokens taken in, cached ones included, and tokens generated, per second. ${over(scope)}`,
      queries: [
        { legend: 'prompt', expr: rateOf('engine.prompt_tokens', scope) },
        { legend: 'generated', expr: rateOf('engine.generation_tokens', scope) },
      ],
    },
    {
      id: 'e2e',
      title: 'End-to-end latency',
      unit: 'seconds',
      kind: 'timeseries',
      thresholds: [],
      good: signals['engine.e2e'].good,
      description: `From a request's arrival at the engine to its last token; long answers are part of it, so compare like with like. ${over(scope)}`,
      queries: [...quantiles('engine.e2e', scope, [0.5, 0.95, 0.99]), { legend: 'mean', expr: meanOf('engine.e2e', scope) }],
    },
  ]
}

function quantiles(signal: SignalId, scope: Scope, qs: readonly number[]): PanelQuery[] {
  return qs.map((q) => ({ legend: `p${q * 100}`, expr: quantileOf(q, signal, scope) }))
}

function over(scope: Scope): string {
  return `Over the last ${scope.windowSeconds} s.`
}
