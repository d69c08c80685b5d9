import { dashboard, hitRatioLevels, kvUsageLevels } from '../dashboard.ts'
import { levelOf, meanOf, rateOf, ratio, top } from '../expressions.ts'
import { hitRatioOf } from '../hit-ratio.ts'
import { distribution, heatmaps, lines, modelVariable, panel, row } from '../panel.ts'
import { labelOf } from '../selectors.ts'
import type { DashboardPlan, DashboardRow, Scope } from '../types.ts'
import { nowRow } from './engine-tiles.ts'

const VLLM = ['vllm', 'vllm-0.9', 'vllm-v0']

/** A plan that draws the names of vLLM's generations alone. */
function vllmPlan(uid: string, title: string, description: string, rowsOf: (scope: Scope) => DashboardRow[]): DashboardPlan {
  return {
    uid,
    title,
    build: (whole) => {
      const scope = { ...whole, dialects: whole.dialects.filter((dialect) => VLLM.includes(dialect)) }
      return {
        uid,
        title,
        description,
        tags: ['llm', 'vllm'],
        refreshSeconds: 30,
        rangeSeconds: 3600,
        variables: modelVariable(scope, 'engine.requests_running', 'engine.kv_usage'),
        rows: rowsOf(scope),
      }
    },
  }
}

/** What operators look at, in their order. SOURCE: reference/ux.md §1.2, §1.12. */
export const vllmOverviewPlan = vllmPlan(
  'vllm-overview',
  'vLLM Overview',
  'vLLM of any generation: now, latency, instances, cache, where the time goes. Start at the tiles; the first coloured one is where to look.',
  (scope) => [...nowRow(scope), ...latencyRow(scope), ...instanceRow(scope), ...cacheRow(scope), ...timeRow(scope), ...shapeRow(scope)],
)

function latencyRow(scope: Scope): DashboardRow[] {
  return row(
    'Latency',
    dashboard(scope).filter(({ id }) => ['ttft', 'itl', 'e2e'].includes(id)),
    heatmaps(scope, {
      id: 'ttft-heatmap',
      title: 'Time to first token, all of it',
      signal: 'engine.ttft',
      description:
        'Requests a second by time to first token. Two bands are two kinds of request, or hits and misses of the cache: split them before you tune.',
    }),
  )
}

function instanceRow(scope: Scope): DashboardRow[] {
  const by = { by: ['instance'] }
  return row(
    'Instances',
    panel({
      id: 'waiting-by-instance',
      title: 'Longest queues',
      unit: 'requests',
      good: 'down',
      description: 'The five instances with the most waiting requests. One alone: routing or a slow engine; all: load.',
      queries: lines(['{{instance}}', top(5, levelOf('sum', 'engine.requests_waiting', scope, by))]),
    }),
    panel({
      id: 'running-by-instance',
      title: 'Running requests',
      unit: 'requests',
      description: 'Requests in the batch of each instance. One far from the others: look at its weight in routing and at its cache.',
      queries: lines(['{{instance}}', levelOf('sum', 'engine.requests_running', scope, by)]),
    }),
    panel({
      id: 'finish-reasons',
      title: 'Finish reasons',
      unit: 'requests/s',
      description:
        "Requests that ended a second, by reason: length is a token limit, abort a client that left, error a failure. Read the engine's log for errors.",
      queries: lines([
        `{{${labelOf('engine.requests_finished', 'finished_reason', scope)}}}`,
        rateOf('engine.requests_finished', scope, { by: ['finished_reason'] }),
      ]),
    }),
    panel({
      id: 'waiting-by-reason',
      title: 'Why requests wait',
      unit: 'requests',
      good: 'down',
      description: 'Waiting requests by reason: capacity is load, deferred is an adapter, a grammar or a transfer. Act on the larger one.',
      queries: lines(['{{reason}}', levelOf('sum', 'engine.requests_waiting_by_reason', scope, { by: ['reason'] })]),
    }),
  )
}

function cacheRow(scope: Scope): DashboardRow[] {
  return row(
    'Cache',
    panel({
      id: 'kv-by-instance',
      title: 'KV cache in use',
      unit: 'ratio',
      thresholds: kvUsageLevels,
      good: 'down',
      description:
        'Share of KV-cache blocks that requests hold, by instance; cached but unused blocks count as free. Near 100 % add engines or limit the context length.',
      queries: lines(['{{instance}}', levelOf('max', 'engine.kv_usage', scope, { by: ['instance'] })]),
    }),
    panel({
      id: 'hit-rate-by-instance',
      title: 'Prefix cache hit rate',
      unit: 'ratio',
      thresholds: hitRatioLevels,
      good: 'up',
      description:
        'Share of looked-up prompt tokens that were cached, by instance; no value without traffic. Low everywhere: prompts differ at their beginning; low at one: it restarted, or its cache is too small.',
      queries: lines(['{{instance}}', hitRatioOf(scope, ['instance'])]),
    }),
    panel({
      id: 'preemptions',
      title: 'Preemptions',
      unit: 'count/s',
      good: 'down',
      description: 'Requests a second that lost their blocks, by instance. Above 0 for minutes: lower the batch size or give the cache more memory.',
      queries: lines(['{{instance}}', rateOf('engine.preemptions', scope, { by: ['instance'] })]),
    }),
    panel({
      id: 'external-hits',
      title: 'External cache hit rate',
      unit: 'ratio',
      good: 'up',
      description: "Share of the tokens asked of the KV connector that it had. Low: check that the connector's store is shared and large enough.",
      queries: lines(['fleet', ratio(rateOf('engine.external_prefix_hits', scope), rateOf('engine.external_prefix_queries', scope))]),
    }),
  )
}

function timeRow(scope: Scope): DashboardRow[] {
  return row(
    'Where the time goes',
    panel({
      id: 'phases',
      title: 'Mean time of a request',
      unit: 'seconds',
      good: 'down',
      description:
        'Mean time in the queue, in prefill and in decode. The one that grew says what to add: engines, prefill speed or cache, decode speed.',
      queries: lines(
        ['queue', meanOf('engine.queue_time', scope)],
        ['prefill', meanOf('engine.prefill_time', scope)],
        ['decode', meanOf('engine.decode_time', scope)],
      ),
    }),
    distribution(scope, {
      id: 'queue-time',
      title: 'Time in the queue',
      signal: 'engine.queue_time',
      description: 'Time before the first step; times below the first bucket of 0.3 s are interpolated. Above it for minutes: add engines.',
    }),
    panel({
      id: 'tokens',
      title: 'Tokens',
      unit: 'tokens/s',
      good: 'up',
      description: 'Prompt tokens taken in and tokens generated a second. Prompt far above generation: prefill decides the latency, so caching pays.',
      queries: lines(['prompt', rateOf('engine.prompt_tokens', scope)], ['generated', rateOf('engine.generation_tokens', scope)]),
    }),
  )
}

function shapeRow(scope: Scope): DashboardRow[] {
  return row(
    'Shape of the traffic',
    heatmaps(scope, {
      id: 'prompt-length',
      title: 'Prompt length',
      unit: 'tokens',
      signal: 'engine.request_prompt_tokens',
      description: 'Requests a second by prompt tokens. A new band at the top explains a rise of the time to first token.',
    }),
    heatmaps(scope, {
      id: 'generation-length',
      title: 'Answer length',
      unit: 'tokens',
      signal: 'engine.request_generation_tokens',
      description: 'Requests a second by output tokens. A new band at the top explains a rise of the whole duration.',
    }),
  )
}

/** The engines of Llumnix. SOURCE: reference/llumnix.md §5.5; its unaggregated average corrected. */
export const llumnixEnginePlan = vllmPlan(
  'vllm-dashboard',
  'vLLM Dashboard',
  'The engines behind Llumnix, in their own words. Start at the scheduler state.',
  (scope) =>
    row(
      'vLLM',
      distribution(scope, {
        id: 'e2e',
        title: 'E2E Request Latency',
        signal: 'engine.e2e',
        qs: [0.5, 0.9, 0.95, 0.99],
        description: 'From arrival at the engine to the last token. When it rises, see whether the first token or the later ones are slow.',
      }),
      distribution(scope, {
        id: 'ttft',
        title: 'Time To First Token Latency',
        signal: 'engine.ttft',
        qs: [0.5, 0.9, 0.95, 0.99],
        description: 'From arrival at the engine to the first token. When it rises, look at waiting requests and prompt length.',
      }),
      distribution(scope, {
        id: 'itl',
        title: 'Inter-Token Latency',
        signal: 'engine.itl',
        qs: [0.5, 0.9, 0.95, 0.99],
        description: 'Between two outputs of a request. When it rises, batches are too large: add decode instances.',
      }),
      panel({
        id: 'scheduler-state',
        title: 'Scheduler State',
        unit: 'requests',
        description: 'Requests that run and wait, by instance. Waiting ones that stay: add instances.',
        queries: lines(
          ['running {{instance}}', levelOf('sum', 'engine.requests_running', scope, { by: ['instance'] })],
          ['waiting {{instance}}', levelOf('sum', 'engine.requests_waiting', scope, { by: ['instance'] })],
        ),
      }),
      panel({
        id: 'cache',
        title: 'Cache Utilization',
        unit: 'ratio',
        thresholds: kvUsageLevels,
        good: 'down',
        description: 'KV cache in use, by instance. Near 100 % let migration run or add instances.',
        queries: lines(['{{instance}}', levelOf('max', 'engine.kv_usage', scope, { by: ['instance'] })]),
      }),
      panel({
        id: 'tokens',
        title: 'Token Throughput',
        unit: 'tokens/s',
        good: 'up',
        description: 'Prompt and generated tokens a second. Flat while requests wait: the engines are at their limit.',
        queries: lines(['prompt', rateOf('engine.prompt_tokens', scope)], ['generated', rateOf('engine.generation_tokens', scope)]),
      }),
      panel({
        id: 'finish-reason',
        title: 'Finish Reason',
        unit: 'requests/s',
        description: "Requests that ended a second, by reason; abort is a client that left or a migration. Read the engine's log for errors.",
        queries: lines(['{{finished_reason}}', rateOf('engine.requests_finished', scope, { by: ['finished_reason'] })]),
      }),
      panel({
        id: 'queue-time',
        title: 'Queue Time',
        unit: 'seconds',
        good: 'down',
        description: 'Mean time before the first step. When it rises, add instances.',
        queries: lines(['mean', meanOf('engine.queue_time', scope)]),
      }),
      panel({
        id: 'prefill-decode',
        title: 'Prefill and Decode Time',
        unit: 'seconds',
        good: 'down',
        description: 'Mean time in prefill and in decode. The one that grew says which kind of instance to add.',
        queries: lines(['prefill', meanOf('engine.prefill_time', scope)], ['decode', meanOf('engine.decode_time', scope)]),
      }),
      heatmaps(scope, {
        id: 'prompt-length',
        title: 'Request Prompt Length',
        unit: 'tokens',
        signal: 'engine.request_prompt_tokens',
        description: 'Requests a second by prompt tokens. A new band at the top explains slow first tokens.',
      }),
      heatmaps(scope, {
        id: 'generation-length',
        title: 'Request Generation Length',
        unit: 'tokens',
        signal: 'engine.request_generation_tokens',
        description: 'Requests a second by output tokens. A new band at the top explains long requests.',
      }),
      panel({
        id: 'max-generation',
        title: 'Max Generation Token in Sequence Group',
        unit: 'tokens',
        description: 'Mean of the longest sequence of each request. When it grows, slots are held for longer: check the limits that clients set.',
        queries: lines(['mean', meanOf('engine.request_max_generation_tokens', scope)]),
      }),
    ),
)
