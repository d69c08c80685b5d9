import type { SignalId } from '@signalbox/signals'
import { quantilesOf, type Reading, rateOf } from './expressions.ts'
import { hitRatioOf } from './hit-ratio.ts'
import { labelOf } from './selectors.ts'
import type { Scope } from './types.ts'

/** What the fleet page's verdict and endpoint table ask the store, as PromQL; '' where no dialect of the scope tells. */
export interface FleetQuestions {
  /** 95th percentile of the time to first token of streamed answers, by `model`: as the gateway measures it for every engine alike, else as the engines do. */
  readonly ttft: string
  /** Requests a second by `model` and `outcome`; the outcome `error` is the one that counts as a failure. */
  readonly outcomes: string
  /** Share of prompt tokens found in the prefix cache, by scrape `instance`. */
  readonly hits: string
}

/** The questions for all models of the scope. */
export function fleetQuestions(scope: Scope): FleetQuestions {
  // Answers that are not streamed have no first token of their own: their time is that of the whole answer.
  const gateway = ttftOf('gateway.ttft', scope, { where: [{ label: 'streaming', op: '=', value: 'true' }] })
  return {
    ttft: gateway === '' ? ttftOf('engine.ttft', scope, {}) : gateway,
    outcomes: outcomesOf(scope),
    hits: hitRatioOf(scope, ['instance']) ?? '',
  }
}

function ttftOf(signal: SignalId, scope: Scope, reading: Reading): string {
  return quantilesOf(0.95, signal, scope, { ...reading, by: ['model'] })
    .map(({ expr }) => byModel(expr, labelOf(signal, 'model', scope)))
    .join(' or ')
}

function outcomesOf(scope: Scope): string {
  const own = rateOf('gateway.request_outcomes', scope, { by: ['model', 'outcome'] })
  if (own !== undefined) return own
  const all = rateOf('gateway.requests', scope, { by: ['model'] })
  const errors = rateOf('gateway.request_errors', scope, { by: ['model'] })
  if (all !== undefined && errors !== undefined) {
    const label = labelOf('gateway.requests', 'model', scope)
    const ok = `${all} - (${errors} or 0 * ${all})`
    return byModel(`label_replace(${errors}, "outcome", "error", "", "") or label_replace(${ok}, "outcome", "ok", "", "")`, label)
  }
  const responses = rateOf('gateway.responses', scope, { by: ['model', 'status_code'] })
  return responses === undefined ? '' : `sum by (model, outcome) (label_replace(${responses}, "outcome", "error", "status_code", "5.."))`
}

function byModel(expr: string, label: string): string {
  return label === 'model' ? expr : `label_replace(${expr}, "model", "$1", "${label}", "(.*)")`
}
