import { gatewayDialects, gatewaySignals } from '@signalbox/gateway'
import { monitorDialects, monitorSignals } from '@signalbox/monitor'
import { type DialectEntry, type DialectId, dialectEntries, type SignalId } from '@signalbox/signals'

/** The dialects of gateways, schedulers and their helpers: those that Signalbox itself may be expected to speak. Engines' names are the engines'. */
export const spokenDialects: readonly DialectId[] = [...gatewayDialects, 'llm-d-sidecar', 'lora-syncer', 'go']

/** A name that nothing in Signalbox fills, the part of the original that does, and why there is none here. */
export interface MissingName {
  readonly entry: DialectEntry
  readonly component: string
  readonly reason: string
}

/** What a missing component would measure: signals by id, or by their owner ('flow.'). */
interface Gap {
  readonly component: string
  readonly reason: string
  readonly signals: readonly (SignalId | `${string}.`)[]
}

export const gaps: readonly Gap[] = [
  {
    component: 'queue of the gateway',
    reason: 'requests do not queue in the gateway: each is sent to an engine or refused at once',
    signals: ['flow.', 'gateway.queue_time'],
  },
  { component: 'ext-proc', reason: 'the gateway is the proxy itself: no other proxy asks it for an endpoint', signals: ['extproc.'] },
  {
    component: 'plug-in pipeline',
    reason: 'one policy makes the whole choice: there is no chain of plug-ins',
    signals: ['scheduler.plugin_time', 'scheduler.plugin_scope_violations', 'scheduler.affinity_decisions'],
  },
  { component: 'model rewrite', reason: "a model's name is sent on as it came", signals: ['gateway.model_rewrites'] },
  {
    component: 'load by tenant',
    reason: 'what is in flight is kept by endpoint, not by tenant and priority',
    signals: ['scheduler.inflight_requests', 'scheduler.inflight_tokens'],
  },
  {
    component: 'encoder cache',
    reason: "images are part of the prompt's hash: no cache of encoded ones is kept in view",
    signals: ['scheduler.encoder_cache_queries', 'scheduler.encoder_cache_hits', 'scheduler.encoder_cache_hit_ratio'],
  },
  {
    component: 'fairness by program',
    reason: 'nothing is scheduled by program',
    signals: ['scheduler.fairness_index', 'scheduler.program_wait', 'scheduler.program_tokens'],
  },
  {
    component: 'latency predictor',
    reason: 'the time per token is not predicted, and that to the first token is a term of the choice, timed with it',
    signals: ['gateway.predicted_tpot', 'gateway.ttft_prediction_time', 'gateway.tpot_prediction_time'],
  },
  {
    component: 'last values',
    reason: 'the value of the last request says nothing of the others: the distributions hold what it would show',
    signals: ['gateway.request_metric'],
  },
  {
    component: 'disaggregated serving',
    reason: 'prefill and decode of a request run on one engine',
    signals: ['scheduler.disagg_decisions', 'scheduler.pd_decisions'],
  },
  { component: 'rollouts', reason: 'endpoints have no revisions', signals: ['scheduler.rollout_no_match', 'scheduler.rollout_share'] },
  { component: 'KV events', reason: 'the prefix index follows what was sent: events of engines are not read', signals: ['kvevents.'] },
  {
    component: 'tokenizer',
    reason: "the prefix index is over the prompt's bytes: nothing is rendered or tokenized",
    signals: ['kvindex.render_time', 'kvindex.tokenization_time', 'kvindex.tokenized_tokens'],
  },
  { component: 'routing sidecar', reason: 'no sidecar stands before the engines', signals: ['sidecar.'] },
  { component: 'LoRA syncer', reason: 'no sidecar loads adapters: engines are asked which they have', signals: ['lora.'] },
  { component: 'Go runtime', reason: 'there is no Go runtime in it', signals: ['process.goroutines', 'process.go_alloc'] },
  {
    component: 'fallback',
    reason: 'there is no endpoint outside the pool to fall back to',
    signals: ['gateway.fallbacks', 'gateway.fallback_retries_ok'],
  },
  {
    component: 'rescheduling',
    reason: 'running requests do not move between engines',
    signals: ['scheduling.migrations', 'scheduling.migrations_failed'],
  },
  {
    component: 'CMS',
    reason: "there is no cluster metadata store: the gateway polls each engine's own page",
    signals: ['instance.', 'scheduling.metadata_refresh_time', 'scheduling.status_refresh_time'],
  },
  { component: 'LRS', reason: 'no central scheduler keeps account of the instances: each gateway knows what it has sent', signals: ['tracked.'] },
  {
    component: 'KV store',
    reason: 'no store of KV blocks is asked: the prefix index is in the gateway',
    signals: ['scheduler.prefix_query_time'],
  },
  {
    component: 'selected instance',
    reason: 'prefill and decode are not chosen apart: the decision record holds what was known of the chosen endpoint',
    signals: ['selected.'],
  },
]

/** What tells a name that the gateway's page or the monitor's shows, when its dialect is on, as soon as there is something to show. */
export function filledNames(): (entry: DialectEntry) => boolean {
  const gateway = new Set(gatewaySignals())
  const monitor = new Set(monitorSignals())
  const gatewaySpeaks: ReadonlySet<DialectId> = new Set(gatewayDialects)
  const monitorSpeaks: ReadonlySet<DialectId> = new Set(monitorDialects)
  return ({ dialect, signal, readOnly }) =>
    readOnly !== true && ((gatewaySpeaks.has(dialect) && gateway.has(signal)) || (monitorSpeaks.has(dialect) && monitor.has(signal)))
}

/** Every name of the spoken dialects that nothing fills, those of one component together. Throws for one without a reason: a test sees to it that there is none. */
export function missingNames(): readonly MissingName[] {
  const isFilled = filledNames()
  const missing = dialectEntries.filter((entry) => spokenDialects.includes(entry.dialect) && !isFilled(entry)).map(explained)
  const order = [...gaps.map(({ component }) => component), READ_ONLY]
  return missing.sort((a, b) => order.indexOf(a.component) - order.indexOf(b.component))
}

const READ_ONLY = 'older spellings'

function explained(entry: DialectEntry): MissingName {
  const gap = gaps.find(({ signals }) => signals.some((signal) => covers(signal, entry.signal)))
  if (gap !== undefined) return { entry, component: gap.component, reason: gap.reason }
  if (entry.readOnly === true)
    return { entry, component: READ_ONLY, reason: 'understood wherever it is met, but not written: newer names say the same' }
  throw new Error(`${entry.name} of ${entry.dialect} is neither filled nor explained`)
}

function covers(pattern: string, signal: SignalId): boolean {
  return pattern.endsWith('.') ? signal.startsWith(pattern) : signal === pattern
}
