import { kvUsageLevels } from '../dashboard.ts'
import { levelOf, rateOf, ratio, top } from '../expressions.ts'
import { distribution, lines, modelVariable, panel, row } from '../panel.ts'
import { labelOf } from '../selectors.ts'
import type { DashboardPlan, DashboardRow, PanelView, Scope } from '../types.ts'

const TITLE = 'Inference Gateway'

/** The endpoint picker, of whichever generation of names. SOURCE: rows of reference/ux.md §1.5; signals of reference/epp.md §1.2. */
export const endpointPickerPlan: DashboardPlan = {
  uid: 'inference-gateway',
  title: TITLE,
  build: (scope) => ({
    uid: 'inference-gateway',
    title: TITLE,
    description: 'The pool, the requests through the endpoint picker and the picker itself, under the names of every generation.',
    tags: ['llm', 'inference', 'gateway', 'epp'],
    refreshSeconds: 30,
    rangeSeconds: 3600,
    variables: modelVariable(scope, 'gateway.requests', 'gateway.responses', 'gateway.ttft', 'flow.queue_size'),
    rows: [...poolRow(scope), ...requestRow(scope), ...latencyRow(scope), ...sizeRow(scope), ...schedulerRow(scope), ...flowRow(scope)],
  }),
}

function poolRow(scope: Scope): DashboardRow[] {
  const byPool = { by: ['pool'] }
  const pool = `{{${labelOf('pool.ready', 'pool', scope)}}}`
  const level = (
    text: Pick<PanelView, 'id' | 'title' | 'unit' | 'description'> & Partial<PanelView>,
    signal: 'pool.kv_usage' | 'pool.queue' | 'pool.ready',
  ) => panel({ ...text, queries: lines([pool, levelOf(signal === 'pool.ready' ? 'max' : 'avg', signal, scope, byPool)]) })
  return row(
    'Pool',
    level(
      {
        id: 'pool-kv-usage',
        title: 'Mean KV cache in use',
        unit: 'ratio',
        thresholds: kvUsageLevels,
        good: 'down',
        description:
          'Mean share of KV-cache blocks that requests hold, over the endpoints with fresh state. Near 100 % add endpoints; a low mean beside one full endpoint is imbalance.',
      },
      'pool.kv_usage',
    ),
    level(
      {
        id: 'pool-queue',
        title: 'Mean queue of an endpoint',
        unit: 'requests',
        good: 'down',
        description: 'Mean number of requests that wait in an endpoint. When it grows, load is beyond capacity: add endpoints or shed load.',
      },
      'pool.queue',
    ),
    level(
      {
        id: 'pool-ready',
        title: 'Ready endpoints',
        unit: 'endpoints',
        kind: 'stat',
        good: 'up',
        description:
          'Endpoints with fresh state that take requests. When it falls, look at the engines that are missing: are they up, and is their /metrics reachable?',
      },
      'pool.ready',
    ),
    panel({
      id: 'endpoint-queue',
      title: 'Longest queues',
      unit: 'requests',
      good: 'down',
      description:
        'The five endpoints with the most waiting requests. One that stands out is slow or sticky: compare its KV cache and its errors with the others.',
      queries: lines([
        `{{${labelOf('pool.endpoint_queue', 'endpoint', scope)}}}`,
        top(5, levelOf('max', 'pool.endpoint_queue', scope, { by: ['endpoint'] })),
      ]),
    }),
  )
}

function requestRow(scope: Scope): DashboardRow[] {
  const byModel = { by: ['model'] }
  const model = (signal: 'gateway.requests' | 'gateway.responses') => `{{${labelOf(signal, 'model', scope)}}}`
  return row(
    'Requests',
    panel({
      id: 'request-rate',
      title: 'Requests',
      unit: 'requests/s',
      description: 'Requests a second by model. A model that stops while others go on has lost its endpoints or its clients.',
      queries: lines([model('gateway.requests'), rateOf('gateway.requests', scope, byModel)]),
    }),
    panel({
      id: 'error-ratio',
      title: 'Error ratio',
      unit: 'ratio',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.01, level: 'warning' },
        { value: 0.05, level: 'critical' },
      ],
      good: 'down',
      description:
        'Share of requests that ended in an error, by model; no value without traffic. When it rises, split it by error code below and by endpoint in the logs.',
      queries: lines([
        model('gateway.requests'),
        ratio(rateOf('gateway.request_errors', scope, byModel), rateOf('gateway.requests', scope, byModel)),
      ]),
    }),
    panel({
      id: 'errors-by-code',
      title: 'Errors by code',
      unit: 'requests/s',
      good: 'down',
      description:
        'Errors a second by code. ServiceUnavailable and ResourceExhausted are capacity, ModelServerError is the engine, BadRequest is the client.',
      queries: lines([
        `{{${labelOf('gateway.request_errors', 'error_code', scope)}}}`,
        rateOf('gateway.request_errors', scope, { by: ['error_code'] }),
      ]),
    }),
    panel({
      id: 'running',
      title: 'Requests in flight',
      unit: 'requests',
      description: 'Requests received and not ended, by model. When it grows at a constant rate of requests, answers take longer: look at latency.',
      queries: lines([`{{${labelOf('gateway.requests_running', 'model', scope)}}}`, levelOf('sum', 'gateway.requests_running', scope, byModel)]),
    }),
  )
}

function latencyRow(scope: Scope): DashboardRow[] {
  return row(
    'Latency as clients see it',
    distribution(scope, {
      id: 'ttft',
      title: 'Time to first token',
      signal: 'gateway.ttft',
      reading: { where: [{ label: 'streaming', op: '=', value: 'true' }] },
      description:
        'Until the first token of streamed answers, for every engine alike. When it rises, look at queues first, then at prompt length and hit rate.',
    }),
    distribution(scope, {
      id: 'tpot',
      title: 'Time per output token',
      signal: 'gateway.tpot',
      description:
        'Mean time a token after the first, one observation a request. When it rises, batches are larger or prefills stall them: add engines or chunk prefills.',
    }),
    distribution(scope, {
      id: 'duration',
      title: 'Whole request',
      signal: 'gateway.request_duration',
      description: 'From the request to the last byte of its answer; long answers are part of it. Compare with output length before you act.',
    }),
    distribution(scope, {
      id: 'ntpot',
      title: 'Duration per output token',
      signal: 'gateway.ntpot',
      description: 'Whole duration over output tokens: latency that is fair to long answers. When it rises alone, answers became shorter.',
    }),
  )
}

function sizeRow(scope: Scope): DashboardRow[] {
  return row(
    'Shape of the traffic',
    distribution(scope, {
      id: 'input-tokens',
      title: 'Prompt tokens',
      unit: 'tokens',
      signal: 'gateway.input_tokens',
      description: 'Length of prompts as engines report it. When it grows, prefill and KV cache are what is short.',
    }),
    distribution(scope, {
      id: 'output-tokens',
      title: 'Output tokens',
      unit: 'tokens',
      signal: 'gateway.output_tokens',
      description: 'Length of answers as engines report it; the longest ones end beyond the last bucket. When it grows, slots are held for longer.',
    }),
    distribution(scope, {
      id: 'request-bytes',
      title: 'Size of requests',
      unit: 'bytes',
      signal: 'gateway.request_bytes',
      description: 'Bytes of request bodies. Large ones cost the proxy: check its body limit and CPU.',
    }),
    distribution(scope, {
      id: 'response-bytes',
      title: 'Size of answers',
      unit: 'bytes',
      signal: 'gateway.response_bytes',
      description:
        'Bytes of answer bodies; the largest end beyond the last bucket. Compare with output tokens: a streamed token costs some hundred bytes.',
    }),
  )
}

function schedulerRow(scope: Scope): DashboardRow[] {
  return row(
    'Scheduler',
    distribution(scope, {
      id: 'scheduler-duration',
      title: 'Time of a decision',
      signal: 'scheduler.duration',
      description: 'Time to choose an endpoint; buckets end at 100 ms. When it rises, find the slow plug-in beside it.',
    }),
    panel({
      id: 'attempts',
      title: 'Choices by endpoint',
      unit: 'requests/s',
      description: 'Requests given to each endpoint a second. An endpoint that gets none is filtered out: see its state and its labels.',
      queries: lines([
        `{{${labelOf('scheduler.attempts', 'endpoint', scope)}}}`,
        rateOf('scheduler.attempts', scope, { by: ['endpoint'], where: [{ label: 'status', op: '!=', value: 'failure' }] }),
      ]),
    }),
    panel({
      id: 'plugin-time',
      title: 'Slowest plug-ins',
      unit: 'seconds',
      good: 'down',
      description: 'Mean time of a call, of the five slowest plug-ins. One that takes milliseconds is what to switch off or to feed less.',
      queries: lines([
        `{{${labelOf('scheduler.plugin_time', 'plugin_type', scope)}}}`,
        top(
          5,
          ratio(
            rateOf('scheduler.plugin_time', scope, { part: '_sum', by: ['plugin_type'] }),
            rateOf('scheduler.plugin_time', scope, { part: '_count', by: ['plugin_type'] }),
          ),
        ),
      ]),
    }),
    panel({
      id: 'prefix-hit',
      title: 'Predicted prefix hit',
      unit: 'ratio',
      good: 'up',
      description:
        'Mean share of the prompt that the index expects to be cached at the chosen endpoint. High beside a low hit rate of the engines: the index is wrong, not the routing.',
      queries: lines([
        'mean',
        ratio(rateOf('scheduler.prefix_hit_ratio', scope, { part: '_sum' }), rateOf('scheduler.prefix_hit_ratio', scope, { part: '_count' })),
      ]),
    }),
    panel({
      id: 'index-size',
      title: 'Blocks in the prefix index',
      unit: 'count',
      description:
        'Blocks held by the approximate index. When it stands at its limit while caches are larger, raise the limit: too small an index costs latency.',
      queries: lines(['blocks', levelOf('sum', 'scheduler.prefix_index_size', scope)]),
    }),
    panel({
      id: 'poll-errors',
      title: 'Reads of endpoint state that failed',
      unit: 'count/s',
      good: 'down',
      description: 'Polls that failed a second. Decisions are then made on old state: check that the engines answer /metrics in time.',
      queries: lines(['failed', rateOf('scheduler.poll_errors', scope)]),
    }),
  )
}

function flowRow(scope: Scope): DashboardRow[] {
  return row(
    'Flow control',
    panel({
      id: 'saturation',
      title: 'Saturation',
      unit: 'ratio',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.8, level: 'warning' },
        { value: 1, level: 'critical' },
      ],
      good: 'down',
      description:
        'Saturation of the pool; dispatch stops at 100 %. Exactly 100 % beside stale endpoints is missing state, not load: check the polls before you add endpoints.',
      queries: lines([`{{${labelOf('flow.saturation', 'stage', scope)}}}`, levelOf('max', 'flow.saturation', scope, { by: ['stage'] })]),
    }),
    panel({
      id: 'stale-endpoints',
      title: 'Stale endpoints',
      unit: 'endpoints',
      good: 'down',
      description: 'Endpoints whose state is too old to decide on. Above 0, find the engine whose /metrics is slow or unreachable.',
      queries: lines(['stale', levelOf('max', 'flow.stale_endpoints', scope)]),
    }),
    panel({
      id: 'flow-queue',
      title: 'Requests held back',
      unit: 'requests',
      good: 'down',
      description: 'Requests in the flow-control queue by priority. The lowest priority waits first; when the highest waits too, capacity is short.',
      queries: lines([
        `priority {{${labelOf('flow.queue_size', 'priority', scope)}}}`,
        levelOf('sum', 'flow.queue_size', scope, { by: ['priority'] }),
      ]),
    }),
    distribution(scope, {
      id: 'flow-queue-time',
      title: 'Time held back',
      signal: 'flow.queue_time',
      description: "Time of requests in the flow-control queue. When it nears the clients' patience, shed earlier: shorten the deadline.",
    }),
  )
}
