import { levelOf, line, meanOf, quantileLines, rateOf } from './expressions.ts'
import { hitRatioOf } from './hit-ratio.ts'
import { panel } from './panel.ts'
import type { PanelView, Scope, Threshold } from './types.ts'

/** Bounds of KV-cache use. SOURCE: the seed dashboard. */
export const kvUsageLevels: readonly Threshold[] = [
  { value: 0, level: 'ok' },
  { value: 0.7, level: 'warning' },
  { value: 0.9, level: 'critical' },
]

/** Bounds of the prefix-cache hit rate. SOURCE: the seed dashboard. */
export const hitRatioLevels: readonly Threshold[] = [
  { value: 0, level: 'critical' },
  { value: 0.3, level: 'warning' },
  { value: 0.6, level: 'ok' },
]

/** One series an endpoint, drawn under the fleet's number. */
const ENDPOINT = { by: ['instance'] } as const
const ENDPOINT_LEGEND = '{{instance}}'

/** Requests that ran to their own end. */
const SUCCEEDED = [{ label: 'finished_reason', op: '!~', value: 'abort|error' }] as const

/**
 * The eight panels of the performance dashboard, for one model or (model '') for all; those of which the scope's dialects have
 * nothing are left out. SOURCE: panels and thresholds of the seed dashboard; corrections of its expressions, reference/ux.md §1.3.
 */
export function dashboard(scope: Scope): PanelView[] {
  return [latencyPanels, cachePanels, loadPanels, durationPanel].flatMap((panels) => panels(scope))
}

function latencyPanels(scope: Scope): PanelView[] {
  return [
    ...panel({
      id: 'ttft',
      title: 'Time to first token',
      unit: 'seconds',
      good: 'down',
      description: `How long the first token took, measured in the engine: p95 is the time that 95 of 100 requests stayed under. ${over(scope)}When it rises, look at the waiting requests: with them it is load, without them long prompts or a low hit rate.`,
      queries: quantileLines('engine.ttft', scope, [0.5, 0.95, 0.99]),
    }),
    ...panel({
      id: 'itl',
      title: 'Inter-token latency',
      unit: 'seconds',
      good: 'down',
      description: `The pause between two outputs of the same request, which is what makes text appear smoothly or not. ${over(scope)}When it rises, batches are larger or long prefills stall them: chunk prefills or add engines.`,
      queries: quantileLines('engine.itl', scope, [0.5, 0.95]),
    }),
  ]
}

function cachePanels(scope: Scope): PanelView[] {
  return [
    ...panel({
      id: 'kv-usage',
      title: 'KV cache in use',
      unit: 'ratio',
      kind: 'gauge',
      thresholds: kvUsageLevels,
      good: 'down',
      description:
        'Share of KV-cache blocks that requests hold: the mean over all engines, and for each endpoint its fullest engine. Near 100 % new requests wait and running ones are preempted: add engines, or limit the context length.',
      queries: [
        ...line('fleet', levelOf('avg', 'engine.kv_usage', scope)),
        ...line(ENDPOINT_LEGEND, levelOf('max', 'engine.kv_usage', scope, ENDPOINT)),
      ],
    }),
    ...panel({
      id: 'hit-rate',
      title: 'Prefix cache hit rate',
      unit: 'ratio',
      kind: 'gauge',
      thresholds: hitRatioLevels,
      good: 'up',
      description: `Share of the prompt tokens looked up that were already cached and so needed no prefill; no value while nothing is looked up. ${over(scope)}When it is low, check that prefix caching is on, that prompts share their beginning, and that requests of one conversation reach one engine.`,
      queries: [...line('fleet', hitRatioOf(scope)), ...line(ENDPOINT_LEGEND, hitRatioOf(scope, ['instance']))],
    }),
  ]
}

function loadPanels(scope: Scope): PanelView[] {
  return [
    ...panel({
      id: 'queue',
      title: 'Requests in the engines',
      unit: 'requests',
      good: 'down',
      description:
        'Requests in the running batches, and requests that wait to be let in. Waiting ones that stay are load beyond capacity: add engines or shed load.',
      queries: [
        ...line('running', levelOf('sum', 'engine.requests_running', scope)),
        ...line('waiting', levelOf('sum', 'engine.requests_waiting', scope)),
      ],
    }),
    ...panel({
      id: 'throughput',
      title: 'Request throughput',
      unit: 'requests/s',
      good: 'up',
      description: `Requests that ended per second, and those among them that ran to their own end rather than being aborted or failing. ${over(scope)}When the lines part, look at the reasons: aborts are clients that leave, errors are in the engine's log.`,
      queries: [
        ...line('succeeded', rateOf('engine.requests_finished', scope, { where: SUCCEEDED })),
        ...line('all', rateOf('engine.e2e', scope, { part: '_count' })),
      ],
    }),
    ...panel({
      id: 'tokens',
      title: 'Token throughput',
      unit: 'tokens/s',
      good: 'up',
      description: `Prompt tokens taken in, cached ones included, and tokens generated, per second. ${over(scope)}When generation stays flat while requests wait, the engines are at their limit: add some.`,
      queries: [...line('prompt', rateOf('engine.prompt_tokens', scope)), ...line('generated', rateOf('engine.generation_tokens', scope))],
    }),
  ]
}

function durationPanel(scope: Scope): PanelView[] {
  return panel({
    id: 'e2e',
    title: 'End-to-end latency',
    unit: 'seconds',
    good: 'down',
    description: `From a request's arrival at the engine to its last token; long answers are part of it, so compare like with like. ${over(scope)}When it rises, see whether it is the first token (load, cache) or the tokens after it (batch size).`,
    queries: [...quantileLines('engine.e2e', scope, [0.5, 0.95, 0.99]), ...line('mean', meanOf('engine.e2e', scope))],
  })
}

/** The window in words; a variable of another program says it there. */
function over({ window }: Scope): string {
  return window.startsWith('$') ? '' : `Over the last ${window}. `
}
