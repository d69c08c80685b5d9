import { type SignalId, signals } from '@signalbox/signals'
import { levelOf, type Reading } from '../expressions.ts'
import { distribution, lines, panel, row } from '../panel.ts'
import type { PanelUnit, Scope } from '../types.ts'
import { asWritten, llumnixPlan, spread } from './llumnix-plan.ts'

interface GaugeGroup {
  readonly id: string
  readonly title: string
  readonly unit: PanelUnit
  readonly description: string
  readonly gauges: readonly (readonly [legend: string, signal: SignalId])[]
}

const INSTANCE_GROUPS: readonly GaugeGroup[] = [
  {
    id: 'requests',
    title: 'CMS Requests',
    unit: 'requests',
    description: 'Requests of each instance by state. Waiting ones at one instance only: look why the scheduler prefers it.',
    gauges: [
      ['running', 'instance.running_requests'],
      ['waiting', 'instance.waiting_requests'],
      ['loading', 'instance.loading_requests'],
      ['waiting to decode', 'instance.waiting_to_decode_requests'],
      ['running to decode', 'instance.running_to_decode_requests'],
      ['hybrid waiting to decode', 'instance.hybrid_waiting_to_decode_requests'],
    ],
  },
  {
    id: 'used-tokens',
    title: 'CMS Used Tokens',
    unit: 'tokens',
    description: 'Tokens of the blocks in use. At the capacity of the instance requests wait: add instances.',
    gauges: [['used', 'instance.used_tokens']],
  },
  {
    id: 'prefill-tokens',
    title: 'CMS Prefill Tokens',
    unit: 'tokens',
    description: 'Prompt tokens still to compute or without a block. When they pile up, prefill is what is short: add prefill instances.',
    gauges: [
      ['uncomputed, waiting', 'instance.uncomputed_waiting_tokens'],
      ['uncomputed, running', 'instance.uncomputed_running_tokens'],
      ['unallocated, running', 'instance.unallocated_running_tokens'],
    ],
  },
  {
    id: 'decode-tokens',
    title: 'CMS Decode Tokens',
    unit: 'tokens',
    description: 'Tokens of requests that decode here or will. When they near the capacity, decoding is what is short: add decode instances.',
    gauges: [
      ['unallocated, hybrid waiting', 'instance.unallocated_waiting_decode_tokens'],
      ['hybrid waiting', 'instance.hybrid_waiting_to_decode_tokens'],
      ['waiting', 'instance.waiting_to_decode_tokens'],
      ['running', 'instance.running_to_decode_tokens'],
      ['loading', 'instance.loading_tokens'],
    ],
  },
  {
    id: 'inflight-requests',
    title: 'CMS Inflight Dispatch Requests',
    unit: 'requests',
    description: 'Requests dispatched and not yet seen in the state. When they stay, the state is old: look at the refresh durations.',
    gauges: [
      ['all', 'instance.inflight_requests'],
      ['prefill', 'instance.inflight_prefill_requests'],
      ['decode', 'instance.inflight_decode_requests'],
    ],
  },
  {
    id: 'inflight-tokens',
    title: 'CMS Inflight Dispatch Tokens',
    unit: 'tokens',
    description: 'Tokens of those requests. When they stay, the state is old: look at the refresh durations.',
    gauges: [
      ['prefill, uncomputed', 'instance.inflight_uncomputed_tokens'],
      ['decode', 'instance.inflight_decode_tokens'],
    ],
  },
  {
    id: 'kv-usage',
    title: 'CMS KV Cache Usage Ratio',
    unit: 'ratio',
    description: 'KV cache in use once everything known has its blocks; can exceed 100 %. Above it requests will wait: add instances.',
    gauges: [['projected', 'instance.kv_usage_projected']],
  },
  {
    id: 'decode-batch',
    title: 'CMS Decode Batch Size',
    unit: 'requests',
    description: 'Requests decoding here or about to. Large batches slow each token: add decode instances.',
    gauges: [['requests', 'instance.decode_batch_size']],
  },
  {
    id: 'all-prefill',
    title: 'CMS All Prefill Tokens',
    unit: 'tokens',
    description: 'Prompt tokens to compute of all requests here or on their way. Uneven instances: look at the policy.',
    gauges: [['tokens', 'instance.prefill_tokens']],
  },
  {
    id: 'all-decode',
    title: 'CMS All Decode Tokens',
    unit: 'tokens',
    description: 'Tokens of all requests decoding here or about to. Uneven instances: let migration run.',
    gauges: [['tokens', 'instance.decode_tokens']],
  },
]

const SELECTED: readonly (readonly [id: string, title: string, unit: PanelUnit, signal: SignalId, todo: string])[] = [
  [
    'kv-usage',
    'KV Cache Usage Ratio',
    'ratio',
    'selected.kv_usage_projected',
    'When it nears 100 %, the best choice is already full: add instances.',
  ],
  ['decode-batch', 'Decode Batch Size', 'requests', 'selected.decode_batch_size', 'When it grows, every choice is a busy one: add decode instances.'],
  ['prefill-tokens', 'Prefill Tokens', 'tokens', 'selected.prefill_tokens', 'When it grows, every choice has prefills to do: add prefill instances.'],
  ['decode-tokens', 'Decode Tokens', 'tokens', 'selected.decode_tokens', 'When it grows, every choice decodes long contexts: add decode instances.'],
  [
    'predicted-ttft',
    'Predicted TTFT',
    'milliseconds',
    'selected.predicted_ttft',
    'Compare with the TTFT of requests: far apart, the predictor needs a new profile.',
  ],
  [
    'predicted-tpot',
    'Predicted TPOT',
    'milliseconds',
    'selected.predicted_tpot',
    'Compare with the TPOT of requests: far apart, the predictor needs a new profile.',
  ],
]

const PREFILL_AND_DECODE = [
  ['prefill', 'Prefill'],
  ['decode', 'Decode'],
] as const

/** Neutral instances do both: the original's rows leave them out and stay empty where there are no others. */
const roleOf = (role: string): Reading => ({ where: [{ label: 'infer_type', op: '=~', value: `${role}|neutral` }] })

function instanceLines(scope: Scope, role: string, gauges: GaugeGroup['gauges']) {
  const reading = { ...roleOf(role), by: ['instance_id'] }
  const name = (legend: string) => (gauges.length === 1 ? '{{instance_id}}' : `{{instance_id}} ${legend}`)
  return lines(...gauges.map(([legend, signal]) => [name(legend), levelOf('max', signal, scope, reading)] as const))
}

/** SOURCE: reference/llumnix.md §5.3. */
export const llumnixCmsPlan = llumnixPlan(
  'llumnix-cms-dashboard',
  'Llumnix CMS Dashboard',
  'Each instance as the Llumnix scheduler sees it, and what it chose. Start at waiting requests; then compare instances.',
  (scope) =>
    PREFILL_AND_DECODE.flatMap(([role, title]) => [
      ...row(
        `Instance Status - ${title}`,
        ...INSTANCE_GROUPS.map((group) =>
          panel({
            id: `${role}-${group.id}`,
            title: group.title,
            unit: group.unit,
            description: group.description,
            queries: instanceLines(scope, role, group.gauges),
          }),
        ),
      ),
      ...row(
        `Selected Instance - ${title}`,
        ...SELECTED.map(([id, name, unit, signal, todo]) =>
          distribution(scope, {
            id: `${role}-selected-${id}`,
            title: `Selected Instance ${name}`,
            unit,
            signal,
            qs: spread,
            reading: { ...asWritten, where: [{ label: 'infer_type', op: '=', value: role }] },
            description: `${signals[signal].definition} ${todo}`,
          }),
        ),
      ),
    ]),
)

/** SOURCE: reference/llumnix.md §5.4; the running ones are documented and never shown, so they are total less waiting. */
export const llumnixLrsPlan = llumnixPlan(
  'llumnix-lrs-dashboard',
  'Llumnix LRS Dashboard',
  "Each instance as the Llumnix gateway counts it, without the engine's help. Start at waiting requests; then compare instances.",
  (scope) =>
    PREFILL_AND_DECODE.flatMap(([role, title]) =>
      row(
        title,
        ...(
          [
            ['requests', 'LRS Requests', 'tracked.requests', 'tracked.waiting_requests'],
            ['tokens', 'LRS Tokens', 'tracked.tokens', 'tracked.waiting_tokens'],
          ] as const
        ).map(([unit, name, total, waiting]) => {
          const reading = { ...roleOf(role), by: ['instance_id'] }
          const [all, queued] = [levelOf('sum', total, scope, reading), levelOf('sum', waiting, scope, reading)]
          return panel({
            id: `${role}-${unit}`,
            title: name,
            unit,
            good: 'down',
            description: `${unit === 'tokens' ? 'Tokens' : 'Requests'} given to each instance, those of them that wait, and the difference. Prefill and decode instances never report the end of prefill: there all of them wait. Uneven neutral instances: look at the policy.`,
            queries: lines(
              ['{{instance_id}} running', all === undefined || queued === undefined ? undefined : `${all} - ${queued}`],
              ['{{instance_id}} waiting', queued],
              ['{{instance_id}} total', all],
            ),
          })
        }),
      ),
    ),
)
