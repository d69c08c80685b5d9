import type { SignalId } from '@signalbox/signals'
import { levelOf, rateOf, ratio } from '../expressions.ts'
import { entriesIn, labelOf, selectorOf } from '../selectors.ts'
import type { Scope } from '../types.ts'
import type { AlertDraft } from './alert.ts'
import { expectation } from './gateway-alerts.ts'
import { type InputSeries, RuleInput } from './rule-input.ts'

const INPUT_STEPS = 30
const MINUTE = 60

/** Signals that a gateway always shows, of whichever dialect. */
const GATEWAY_MARKS: readonly SignalId[] = ['pool.ready', 'scheduler.decision_ring_bytes', 'gateway.requests_pending']

/** The signal that every engine shows. */
const ENGINE_MARKS: readonly SignalId[] = ['engine.requests_running']

/** State older than this is no base for a decision: five polls of the slowest sensible kind. */
const STATE_AGE_SECONDS_MAX = 15

/** Predicted cached tokens a second below which their delivery says nothing. */
const PREDICTED_MIN = 100

/** Alerts on parts that are gone, and on decisions made without knowing the fleet. */
export function availabilityAlerts(scope: Scope): AlertDraft[] {
  return [schedulerUnhealthy(scope), noReadyEndpoints(scope), targetDown(scope), targetVanished(scope), stateStale(scope), predictionOff(scope)]
}

function schedulerUnhealthy(scope: Scope): AlertDraft {
  const name = 'SchedulerUnhealthy'
  const marks = marksIn(GATEWAY_MARKS, scope)
  const input = new RuleInput(scope, INPUT_STEPS)
  const SERIES = { job: 'gateway', instance: 'gateway-1' } as const
  const mark = (count: number): InputSeries[] =>
    markOf(GATEWAY_MARKS, scope).flatMap((signal) => input.vanishing(signal, SERIES, { value: 3, count }))
  const steady = (): InputSeries[] => markOf(GATEWAY_MARKS, scope).flatMap((signal) => input.series(signal, SERIES, { value: 3 }))
  const firing = [{ ...SERIES, severity: 'critical' }]
  return {
    alert: name,
    expr: marks.length === 0 ? undefined : `${down(marks)} or ${vanished(marks)}`,
    forSeconds: 2 * MINUTE,
    severity: 'critical',
    summary: 'The gateway {{ $labels.instance }} does not answer',
    meaning: 'The gateway, which schedules the requests, has not been scraped for 2 minutes, or shows nothing of itself any more.',
    causes: [
      'The process is down or restarting.',
      'Its /metrics asks for a token that the scrape does not send (401, 403, or 500 where it may not check tokens).',
      'The target was removed.',
    ],
    look: 'Ask its health endpoint directly, then read the last error of the target.',
    action:
      "Restart it, or repair the scrape's token and rights. Clients get no answer while it is down: treat it as an outage until the opposite is known.",
    tests: [
      expectation(name, 'a target that is down', [input.raw('up', SERIES, 0), ...mark(8)], firing),
      expectation(name, 'a target that vanished', mark(15), firing),
      expectation(name, 'a target that answers', [input.raw('up', SERIES, 1), ...steady()], []),
    ],
  }
}

function noReadyEndpoints(scope: Scope): AlertDraft {
  const name = 'InferencePoolNoReadyEndpoints'
  const pool = labelOf('pool.ready', 'pool', scope)
  const ready = levelOf('max', 'pool.ready', scope, { by: ['pool'] })
  const input = new RuleInput(scope, INPUT_STEPS)
  const at = (value: number) => input.series('pool.ready', { pool: 'p', instance: 'gateway-1' }, { value })
  return {
    alert: name,
    expr: ready === undefined ? undefined : `${ready} == 0`,
    forSeconds: 2 * MINUTE,
    severity: 'critical',
    summary: `No endpoint of pool {{ $labels.${pool} }} is ready`,
    meaning: 'No endpoint of a pool has had fresh state for 2 minutes: every request for it is refused.',
    causes: [
      'The engines are down.',
      'The engines are up and their /metrics is not reachable from the gateway.',
      "The pool's selector matches nothing.",
    ],
    look: "Look at the gateway's list of endpoints: each says why it is not ready.",
    action: 'Start the engines, or repair what the reasons name.',
    tests: [expectation(name, 'none', at(0), [{ [pool]: 'p', severity: 'critical' }]), expectation(name, 'two', at(2), [])],
  }
}

function targetDown(scope: Scope): AlertDraft {
  const name = 'InferenceTargetDown'
  const marks = marksIn(ENGINE_MARKS, scope)
  const input = new RuleInput(scope, INPUT_STEPS)
  const SERIES = { job: 'engine', instance: 'engine-1' } as const
  const OTHER = { job: 'engine', instance: 'engine-2' } as const
  const running = (labels: typeof SERIES | typeof OTHER) => input.series('engine.requests_running', { ...labels, model: 'm' }, { value: 1 })
  return {
    alert: name,
    expr: marks.length === 0 ? undefined : down(marks),
    forSeconds: 5 * MINUTE,
    severity: 'warning',
    summary: 'The model server {{ $labels.instance }} cannot be scraped',
    meaning: 'A target of a job in which model servers are, or were within the last hour or a day ago, has failed its scrapes for 5 minutes.',
    causes: [
      'The process is down, or still loading its model.',
      'Its port or path is wrong: behind a routing sidecar the engine listens on another one.',
      'A network rule keeps the scraper out.',
    ],
    look: 'Read the last error of the target: refused is a process, a timeout is a network or an engine that is busy, 404 is a path.',
    action: 'Restart the engine or correct the address; while it is out, expect longer queues at the others.',
    tests: [
      expectation(
        name,
        'one of two',
        [input.raw('up', SERIES, 0), input.raw('up', OTHER, 1), ...running(OTHER)],
        [{ ...SERIES, severity: 'warning' }],
      ),
      expectation(name, 'both up', [input.raw('up', SERIES, 1), input.raw('up', OTHER, 1), ...running(SERIES), ...running(OTHER)], []),
      expectation(name, 'another job', [input.raw('up', { job: 'shop', instance: 'shop-1' }, 0), input.raw('up', OTHER, 1), ...running(OTHER)], []),
    ],
  }
}

function targetVanished(scope: Scope): AlertDraft {
  const name = 'InferenceTargetVanished'
  const marks = marksIn(ENGINE_MARKS, scope)
  const input = new RuleInput(scope, INPUT_STEPS)
  const SERIES = { job: 'engine', instance: 'engine-1' } as const
  const gone = input.vanishing('engine.requests_running', { ...SERIES, model: 'm' }, { value: 1, count: 15 })
  const firing = [{ ...SERIES, severity: 'warning' }]
  return {
    alert: name,
    expr: marks.length === 0 ? undefined : vanished(marks),
    forSeconds: 2 * MINUTE,
    severity: 'warning',
    summary: 'The model server {{ $labels.instance }} is gone from the metrics',
    meaning:
      'A model server that was there 15 minutes ago shows nothing any more, and its target is not down either: it is gone, or answers an empty page. The alert ends by itself after 15 minutes.',
    causes: [
      'It was scaled down on purpose.',
      'Service discovery lost it: a label or a port name changed.',
      'Its page is empty or has other names since an upgrade, which a scrape counts as success.',
    ],
    look: 'See whether the replicas were reduced; if not, fetch the page of the server yourself.',
    action: 'Nothing where it was scaled down. Otherwise put label or port name right, or let the upgraded names be understood.',
    tests: [
      expectation(name, 'no target any more', gone, firing),
      expectation(name, 'an empty page', [input.raw('up', SERIES, 1), ...gone], firing),
      expectation(name, 'a target that is known to be down', [input.raw('up', SERIES, 0), ...gone], []),
      expectation(name, 'a target that stays', input.series('engine.requests_running', { ...SERIES, model: 'm' }, { value: 1 }), []),
    ],
  }
}

function stateStale(scope: Scope): AlertDraft {
  const name = 'EndpointStateStale'
  const age = levelOf('min', 'scheduler.state_age', scope, { by: ['endpoint'] })
  const input = new RuleInput(scope, INPUT_STEPS)
  const endpoint = labelOf('scheduler.state_age', 'endpoint', scope)
  const at = (value: number) => input.series('scheduler.state_age', { endpoint: 'e', instance: 'gateway-1' }, { value })
  return {
    alert: name,
    expr: age === undefined ? undefined : `${age} > ${STATE_AGE_SECONDS_MAX}`,
    forSeconds: 2 * MINUTE,
    severity: 'warning',
    summary: `The state of endpoint {{ $labels.${endpoint} }} is {{ $value }} s old`,
    meaning: `No gateway has had state of an endpoint that is younger than ${STATE_AGE_SECONDS_MAX} seconds for 2 minutes: decisions about it are guesses.`,
    causes: ['The engine is down.', 'Its /metrics is slow because it is busy.', 'The gateway cannot reach its metrics port.'],
    look: "Look at the time that polls of this endpoint take, and at its last error in the gateway's list of endpoints.",
    action: 'Restart an engine that hangs; for a slow page poll less often or show fewer metrics.',
    tests: [expectation(name, 'old', at(60), [{ [endpoint]: 'e', severity: 'warning' }]), expectation(name, 'fresh', at(1), [])],
  }
}

function predictionOff(scope: Scope): AlertDraft {
  const name = 'CachePredictionOff'
  const by = { by: ['endpoint'] }
  const endpoint = labelOf('scheduler.cached_tokens_predicted', 'endpoint', scope)
  const predicted = rateOf('scheduler.cached_tokens_predicted', scope, by)
  const share = ratio(rateOf('scheduler.cached_tokens_delivered', scope, by), predicted)
  const input = new RuleInput(scope, INPUT_STEPS)
  const tokens = (of: number, found: number) => [
    ...input.series('scheduler.cached_tokens_predicted', { endpoint: 'e', instance: 'gateway-1' }, { step: of }),
    ...input.series('scheduler.cached_tokens_delivered', { endpoint: 'e', instance: 'gateway-1' }, { step: found }),
  ]
  return {
    alert: name,
    expr: share === undefined || predicted === undefined ? undefined : `${share} < 0.5 and on (${endpoint}) ${predicted} > ${PREDICTED_MIN}`,
    forSeconds: 10 * MINUTE,
    severity: 'warning',
    summary: `Endpoint {{ $labels.${endpoint} }} delivers less than half of the cached tokens that were predicted`,
    meaning:
      'Of the prompt tokens that were expected in the cache of an endpoint, it has found less than half for 10 minutes: requests are sent there for nothing.',
    causes: [
      'The engine restarted or dropped its cache.',
      'Other senders use the same engine and push the prefixes out.',
      'The cache is smaller than the gateway believes.',
      'The engine caches in larger blocks than the shared prefixes are long.',
    ],
    look: 'Look at the start time of the engine and at its KV-cache use.',
    action: 'Give the gateway the right cache size, keep other senders away, or let load weigh more than affinity.',
    tests: [
      expectation(name, 'hardly any', tokens(60_000, 6_000), [{ [endpoint]: 'e', severity: 'warning' }]),
      expectation(name, 'most', tokens(60_000, 50_000), []),
      expectation(name, 'hardly any of hardly any', tokens(600, 60), []),
    ],
  }
}

/** The first of the signals that the scope has a name for. */
function markOf(signals: readonly SignalId[], scope: Scope): SignalId[] {
  return signals.filter((signal) => entriesIn(signal, scope).length > 0).slice(0, 1)
}

function marksIn(signals: readonly SignalId[], scope: Scope): string[] {
  return markOf(signals, scope).flatMap((signal) => [...new Set(entriesIn(signal, scope).map((entry) => selectorOf(entry, '', scope)))])
}

/** Targets that are down in a job some instance of which shows one of the names, or did within the last hour or a day ago: a target that never came up counts too. */
function down(marks: readonly string[]): string {
  const ever = marks.flatMap((mark) => [`present_over_time(${mark}[1h])`, `${mark} offset 1d`])
  return `max by (job, instance) (up == 0 and on (job) (${ever.join(' or ')}))`
}

/** Instances that showed one of the names 15 minutes ago and none now, unless their target is known to be down. */
function vanished(marks: readonly string[]): string {
  const before = marks.map((mark) => `${mark} offset 15m`).join(' or ')
  const now = marks.join(' or ')
  return `(group by (job, instance) (${before}) unless on (job, instance) (${now}) unless on (job, instance) (up == 0))`
}
