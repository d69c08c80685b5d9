import type { SignalId } from '@signalbox/signals'
import { levelOf, type Reading, rateOf } from '../expressions.ts'
import { distribution, heatmaps, type LatencyPanel, lines, panel, row } from '../panel.ts'
import type { PanelView, Scope } from '../types.ts'
import { asWritten, llumnixPlan, spread } from './llumnix-plan.ts'

type Written = Omit<LatencyPanel, 'qs' | 'reading'> & { readonly reading?: Reading }

const milliseconds = (scope: Scope, text: Written): PanelView[] =>
  distribution(scope, { unit: 'milliseconds', ...text, qs: spread, reading: { ...asWritten, ...text.reading } })

const rates = (scope: Scope, ...pairs: readonly (readonly [string, SignalId, Reading?])[]) =>
  lines(...pairs.map(([legend, signal, reading]) => [legend, rateOf(signal, scope, reading)] as const))

/** SOURCE: panels of the seed guide and reference/llumnix.md §5.1; corrections: a variable for the model, low quantiles where more is better. */
export const llumnixRequestPlan = llumnixPlan(
  'llumnix-request-dashboard',
  'Llumnix Request Dashboard',
  'What users of the Llumnix gateway get: rates, tokens, latency, cache hits. Start at the status codes.',
  (scope) => [
    ...row(
      'Request Rate',
      panel({
        id: 'request-rate',
        title: 'Request Rate',
        unit: 'requests/s',
        description:
          "Requests that ended a second; those that could not be parsed are not counted. When it falls without a reason, look at the gateway's log for refused ones.",
        queries: rates(scope, ['requests', 'gateway.responses']),
      }),
      panel({
        id: 'request-status',
        title: 'Request Rate by Status',
        unit: 'requests/s',
        description:
          'Requests a second by status code; 499 is a client that left, 0 an answer of a fallback endpoint. For 5xx read the log of the gateway.',
        queries: rates(scope, ['{{status_code}}', 'gateway.responses', { by: ['status_code'] }]),
      }),
      panel({
        id: 'request-retries',
        title: 'Request Retry & Fallback Rate',
        unit: 'requests/s',
        good: 'down',
        description:
          'Further attempts, attempts at fallback endpoints, and those that succeeded after a 429. When they rise, an instance fails: find it in the status codes of the retries.',
        queries: rates(
          scope,
          ['retries', 'gateway.retries_by_status'],
          ['fallbacks', 'gateway.fallbacks'],
          ['fallbacks after 429', 'gateway.fallback_retries_ok'],
        ),
      }),
    ),
    ...row(
      'Request Throughput',
      panel({
        id: 'input-tokens',
        title: 'Input Token Throughput',
        unit: 'tokens/s',
        description: 'Prompt tokens a second, those of failed requests included. Compare with the prefill instances you have.',
        queries: rates(scope, ['input', 'gateway.prompt_tokens']),
      }),
      panel({
        id: 'output-tokens',
        title: 'Output Token Throughput',
        unit: 'tokens/s',
        good: 'up',
        description: 'Completion tokens a second, as the gateway counts them again. When it is flat while requests wait, add decode instances.',
        queries: rates(scope, ['output', 'gateway.completion_tokens']),
      }),
      heatmaps(scope, {
        id: 'input-distribution',
        title: 'Input Token Distribution',
        unit: 'tokens',
        signal: 'gateway.input_tokens',
        description: 'Requests a second by prompt length. Two bands are two kinds of traffic: consider instances for each.',
      }),
      heatmaps(scope, {
        id: 'output-distribution',
        title: 'Output Token Distribution',
        unit: 'tokens',
        signal: 'gateway.output_tokens',
        description: 'Requests a second by length of the answer; failed ones count as 0. A band at 0 is failures: look at the status codes.',
      }),
    ),
    ...row(
      'Request Latency',
      distribution(scope, {
        id: 'e2e',
        title: 'E2E Latency',
        signal: 'gateway.request_duration',
        qs: spread,
        description: 'Whole duration of requests that ended with 200. When it rises, see whether the first token or the later ones are slow.',
      }),
      milliseconds(scope, {
        id: 'ttft',
        title: 'TTFT',
        signal: 'gateway.ttft',
        description:
          'From the end of scheduling to the first chunk: queueing is not in it, and failures count as 0. Add the queue and schedule durations before you judge.',
      }),
      milliseconds(scope, {
        id: 'tpot',
        title: 'TPOT',
        signal: 'gateway.tpot',
        description:
          'Time a token after the first; queueing and scheduling are spread over the tokens. When it rises with the queue, it is the queue.',
      }),
      milliseconds(scope, {
        id: 'itl',
        title: 'ITL',
        signal: 'gateway.itl',
        description: 'Between two chunks of a stream, in whole milliseconds. When it rises, decode batches are too large: add decode instances.',
      }),
    ),
    ...row('Request Prefix Cache', ...(['hit', 'max'] as const).map((which) => prefixPanel(scope, which))),
  ],
)

function prefixPanel(scope: Scope, which: 'hit' | 'max'): PanelView[] {
  const hit = which === 'hit'
  return distribution(scope, {
    id: hit ? 'prefix-hit' : 'prefix-hit-max',
    title: hit ? 'Prefix Cache Hit Ratio' : 'Max Prefix Cache Hit Ratio',
    unit: 'percent',
    signal: hit ? 'scheduler.prefix_hit_ratio' : 'scheduler.prefix_hit_ratio_max',
    // More is better: the low quantiles are the requests that hurt.
    qs: [0.1, 0.5, 0.9],
    reading: asWritten,
    description: hit
      ? 'Share of the prompt cached at the chosen instance, over all requests. Far below the best possible one: let cache weigh more in the policy.'
      : 'Best share over all instances, of requests that were looked up only: not the same requests as beside it. Low here: prompts share little, routing cannot help.',
  })
}

/** SOURCE: reference/llumnix.md §5.2. */
export const llumnixComponentPlan = llumnixPlan(
  'llumnix-component-dashboard',
  'Llumnix Component DashBoard',
  'The inside of the Llumnix gateway and scheduler. Start at the queue; stages are shown from first to last.',
  (scope) => [
    ...row(
      'Gateway',
      milliseconds(scope, {
        id: 'queue',
        title: 'Queue Duration',
        signal: 'gateway.queue_time',
        description: 'Wait in the buffer queue; buckets end at 5 s. When it rises, workers are busy: raise their number or add instances.',
      }),
      milliseconds(scope, {
        id: 'preprocess',
        title: 'Preprocess Duration',
        signal: 'gateway.preprocess_time',
        description: 'Chat template and tokenization, cut to whole milliseconds. When it rises, prompts grew or the gateway lacks CPU.',
      }),
      milliseconds(scope, {
        id: 'schedule',
        title: 'Schedule Duration',
        signal: 'gateway.schedule_time',
        description:
          'From the queue to a chosen instance; buckets end at 100 ms while the wait may take seconds. At the top, capacity is short: add instances.',
      }),
      milliseconds(scope, {
        id: 'postprocess',
        title: 'Postprocess Duration',
        signal: 'gateway.postprocess_time',
        description: 'Parsing and counting, summed over the chunks of an answer. When it rises without longer answers, the gateway lacks CPU.',
      }),
      panel({
        id: 'gateway-requests',
        title: 'Gateway Requests',
        unit: 'requests',
        good: 'down',
        description: 'Requests that wait in a gateway, and all it has, by instance. When waiting ones stay, add instances or shed load.',
        queries: lines(
          ['pending {{instance}}', levelOf('sum', 'gateway.requests_pending', scope, { by: ['instance'] })],
          ['current {{instance}}', levelOf('sum', 'gateway.requests_running', scope, { by: ['instance'] })],
        ),
      }),
    ),
    ...row(
      'Scheduler',
      panel({
        id: 'scheduling',
        title: 'Scheduling Events',
        unit: 'requests/s',
        description:
          'Schedulings that succeeded, and failures by cause; each poll of a waiting request fails anew. all_endpoints_busy is capacity, cms_not_available the metadata store.',
        queries: rates(scope, ['succeeded', 'scheduling.succeeded'], ['failed {{error_type}}', 'scheduling.failed', { by: ['error_type'] }]),
      }),
      panel({
        id: 'rescheduling',
        title: 'Rescheduling Events',
        unit: 'requests/s',
        description: 'Migrations begun, and those that failed. When failures near the attempts, look at the transfer between the instances.',
        queries: rates(scope, ['begun', 'scheduling.migrations'], ['failed', 'scheduling.migrations_failed']),
      }),
      milliseconds(scope, {
        id: 'cms-metadata',
        title: 'CMS Refresh Metadata Duration',
        signal: 'scheduling.metadata_refresh_time',
        description: 'Time to read what the instances are. When it rises, look at the metadata store.',
      }),
      milliseconds(scope, {
        id: 'cms-status',
        title: 'CMS Refresh Status Duration',
        signal: 'scheduling.status_refresh_time',
        description:
          'Time to read the state of the instances, waiting for the lock included. Near the refresh interval, state is old: refresh less often or split the fleet.',
      }),
      milliseconds(scope, {
        id: 'full-mode',
        title: 'Full-Mode Schedule Duration',
        signal: 'scheduler.duration',
        description: 'Time of one decision, in lite mode too. When it rises, see the two parts beside it.',
      }),
      milliseconds(scope, {
        id: 'prefix-query',
        title: 'Query Prefix Cache Hit Duration',
        signal: 'scheduler.prefix_query_time',
        description: "Time to ask the index what is cached, retries included. When it rises, look at the KV store's metadata service.",
      }),
      milliseconds(scope, {
        id: 'prefix-calc',
        title: 'Calc Prefix Cache Hit Duration',
        signal: 'scheduler.prefix_calc_time',
        description: 'CPU time to reckon hit lengths, cut to whole milliseconds. When it shows at all, prompts are very long or instances many.',
      }),
    ),
    ...row(
      'System',
      ...(
        [
          ['uptime', 'Uptime', 'count', 'process.uptime', 'Seconds since each process started. A drop is a restart: read the end of its log.'],
          [
            'goroutines',
            'Goroutines',
            'count',
            'process.goroutines',
            'Goroutines of each process. Steady growth is a leak: restart it and report it.',
          ],
          [
            'memory',
            'Go Memory Alloc',
            'bytes',
            'process.go_alloc',
            'Bytes of live objects on the heap of each process. Steady growth is a leak: restart it and report it.',
          ],
        ] as const
      ).map(([id, title, unit, signal, description]) =>
        panel({
          id,
          title,
          unit: id === 'uptime' ? 'seconds' : unit,
          description,
          queries: lines(['{{job}} {{instance}}', levelOf('max', signal, scope, { by: ['job', 'instance'] })]),
        }),
      ),
    ),
  ],
)
