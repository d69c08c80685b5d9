import { rateOf } from '../expressions.ts'
import { entriesIn } from '../selectors.ts'
import type { Objectives, RecordingRule, RuleTest, Scope } from '../types.ts'
import type { AlertDraft } from './alert.ts'
import { type InputSeries, RuleInput } from './rule-input.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE

/** One pair of windows and the burn rate that both must exceed. SOURCE: the table of the SRE workbook, chapter 5, for 30 days: 2 %, 5 % and 10 % of the budget. */
interface Pair {
  readonly name: string
  readonly long: string
  readonly short: string
  readonly factor: number
  readonly severity: 'critical' | 'warning'
  readonly forSeconds: number
  /** The long window, and the steps of test input that fill it. */
  readonly seconds: number
  readonly stepSeconds: number
}

const PAIRS: readonly Pair[] = [
  { name: 'Fast', long: '1h', short: '5m', factor: 14.4, severity: 'critical', forSeconds: 2 * MINUTE, seconds: HOUR, stepSeconds: MINUTE },
  { name: 'Steady', long: '6h', short: '30m', factor: 6, severity: 'critical', forSeconds: 5 * MINUTE, seconds: 6 * HOUR, stepSeconds: 5 * MINUTE },
  { name: 'Slow', long: '3d', short: '6h', factor: 1, severity: 'warning', forSeconds: HOUR, seconds: 72 * HOUR, stepSeconds: 30 * MINUTE },
]

const WINDOWS = ['5m', '30m', '1h', '6h', '3d']

/** Requests in the long window below which one failure says too much. */
const REQUESTS_MIN = 100

/** One promise: which requests break it, and of which it is a share. */
interface Slo {
  /** In record names, and capitalized in alert names. */
  readonly id: 'ttft' | 'tpot' | 'error'
  /** Reasons that count against it. */
  readonly reasons: string
  /** Reasons of requests that it says nothing of. */
  readonly without: string
  readonly promise: string
  readonly ratio: number
  readonly look: string
  readonly action: string
}

function slosOf(objectives: Objectives): Slo[] {
  const percent = (ratio: number) => `${Number((ratio * 100).toFixed(4))} %`
  const { ttftSeconds, ttftRatio, tpotSeconds, tpotRatio, successRatio } = objectives
  return [
    {
      id: 'ttft',
      reasons: 'ttft|ttft_tpot',
      without: 'error',
      promise: `${percent(ttftRatio)} of the answers of a model begin within ${ttftSeconds} s`,
      ratio: ttftRatio,
      look: 'Look at the waiting requests, then at prompt length and hit rate.',
      action: 'Add engines or shed load; where only long prompts are late, give them engines of their own.',
    },
    {
      id: 'tpot',
      reasons: 'tpot|ttft_tpot',
      without: 'error',
      promise: `${percent(tpotRatio)} of the answers of a model take at most ${tpotSeconds} s for each token after the first`,
      ratio: tpotRatio,
      look: 'Look at the running requests of each engine and at preemptions.',
      action: 'Lower the batch size, chunk prefills, or add engines.',
    },
    {
      id: 'error',
      reasons: 'error',
      without: '',
      promise: `${percent(successRatio)} of the requests for a model do not fail`,
      ratio: successRatio,
      look: 'Split the errors by endpoint and by code.',
      action: 'Take a failing engine out; where requests are shed, add engines.',
    },
  ]
}

const capital = (word: string) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
const ratioName = (slo: Slo, window: string) => `model:signalbox_slo_${slo.id}_bad:ratio_rate${window}`
const requestsName = (window: string) => `model:signalbox_slo_requests:rate${window}`

/** Share of bad requests of each objective over each window, and requests a second; none where the scope's dialects do not count them. */
export function burnRateRecords(scope: Scope, objectives: Objectives): RecordingRule[] {
  if (entriesIn('gateway.slo_requests', scope).length === 0) return []
  return WINDOWS.flatMap((window) => {
    const over = { ...scope, window }
    const requests = rateOf('gateway.slo_requests', over, { by: ['model'] }) ?? ''
    const records = slosOf(objectives).map((slo) => {
      const where = (label: string, op: '=~' | '!=', value: string) => ({ label, op, value })
      const bad = rateOf('gateway.slo_requests', over, { by: ['model'], where: [where('reason', '=~', slo.reasons)] }) ?? ''
      const all =
        slo.without === '' ? requests : (rateOf('gateway.slo_requests', over, { by: ['model'], where: [where('reason', '!=', slo.without)] }) ?? '')
      // A reason that never came has no series: without it the share is 0, not unknown.
      return recording(ratioName(slo, window), `(${bad} or 0 * ${all}) / (${all} > 0)`)
    })
    return [recording(requestsName(window), requests), ...records]
  })
}

/**
 * Burn-rate alerts over two windows each, for the objectives of first token, later tokens and errors. An alert that could never
 * fire, because all requests being bad burns slower than its rate, is left out: it would only look like protection.
 */
export function burnRateAlerts(scope: Scope, objectives: Objectives): AlertDraft[] {
  const watched = entriesIn('gateway.slo_requests', scope).length > 0
  return slosOf(objectives).flatMap((slo) =>
    PAIRS.filter(({ factor }) => factor * (1 - slo.ratio) < 1).map((pair) => burnRateAlert(slo, pair, scope, watched)),
  )
}

function burnRateAlert(slo: Slo, pair: Pair, scope: Scope, watched: boolean): AlertDraft {
  const alert = `${capital(slo.id)}Budget${pair.name}Burn`
  const threshold = Number((pair.factor * (1 - slo.ratio)).toFixed(6))
  const [long, short] = [ratioName(slo, pair.long), ratioName(slo, pair.short)]
  const floor = `${requestsName(pair.long)} * ${pair.seconds} >= ${REQUESTS_MIN}`
  const lasts =
    pair.factor === 1
      ? 'the whole budget of 30 days would be used up in 30 days'
      : `the budget of 30 days would be used up in ${Number((30 / pair.factor).toFixed(1))} days`
  return {
    alert,
    expr: watched ? `${long} > ${threshold} and on (model) ${short} > ${threshold} and on (model) ${floor}` : undefined,
    forSeconds: pair.forSeconds,
    severity: pair.severity,
    labels: { objective: slo.id },
    summary: `{{ $labels.model }} burns its ${slo.id === 'error' ? 'error' : slo.id.toUpperCase()} budget ${pair.factor} times as fast as it may`,
    meaning: `The promise is that ${slo.promise}. Over the last ${pair.long} and the last ${pair.short}, more than ${Number((threshold * 100).toFixed(4))} % did not: at this rate ${lasts}. Fewer than ${REQUESTS_MIN} requests in ${pair.long} never fire it.`,
    causes:
      slo.id === 'error'
        ? ['Engines fail or are gone.', 'Load is shed.', 'A release of a client sends what engines refuse.']
        : [
            'Load is beyond capacity.',
            'One slow engine holds a share of the requests.',
            'Prompts became longer, or fewer of their tokens are cached.',
          ],
    look: slo.look,
    action: slo.action,
    tests: burnRateTests(alert, slo, pair, scope),
  }
}

function burnRateTests(alert: string, slo: Slo, pair: Pair, scope: Scope): RuleTest[] {
  const steps = Math.ceil((pair.seconds * 1.25) / pair.stepSeconds)
  const input = new RuleInput(scope, steps)
  const badShare = Math.min(1, pair.factor * (1 - slo.ratio) * 2)
  const requests = (share: number, perStep: number): InputSeries[] => [
    ...input.series('gateway.slo_requests', { model: 'm', result: 'good', reason: '', instance: 'gateway-1' }, { step: perStep * (1 - share) }),
    ...input.series('gateway.slo_requests', { model: 'm', result: 'bad', reason: slo.id, instance: 'gateway-1' }, { step: perStep * share }),
  ]
  const atSeconds = steps * pair.stepSeconds
  const test = (what: string, series: InputSeries[], firing: RuleTest['expectations'][number]['firing']): RuleTest => ({
    name: `${alert}: ${what}`,
    intervalSeconds: pair.stepSeconds,
    input: series,
    expectations: [{ alert, atSeconds, firing }],
  })
  return [
    test('twice too fast', requests(badShare, 1000), [{ model: 'm', severity: pair.severity, objective: slo.id }]),
    test('within the budget', requests((1 - slo.ratio) / 2, 1000), []),
    test('too few requests to tell', requests(badShare, REQUESTS_MIN / steps / 2), []),
  ]
}

function recording(record: string, expr: string): RecordingRule {
  return { kind: 'recording', record, expr, labels: {} }
}
