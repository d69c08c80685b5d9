import { levelOf, rateOf, ratio, top } from '../expressions.ts'
import { distribution, lines, modelVariable, panel, row } from '../panel.ts'
import type { DashboardPlan, DashboardRow, Scope } from '../types.ts'

const TITLE = 'Signalbox'

/** What the gateway and the monitor alone can tell: promises kept, predictions that came true, their own health. */
export const ownPlan: DashboardPlan = {
  uid: 'signalbox',
  title: TITLE,
  build: (whole) => {
    const scope: Scope = { ...whole, dialects: whole.dialects.filter((dialect) => dialect === 'signalbox' || dialect === 'process') }
    return {
      uid: 'signalbox',
      title: TITLE,
      description: 'Promises kept, predictions against outcomes, and the health of gateway and monitor themselves. Start at goodput.',
      tags: ['llm', 'signalbox'],
      refreshSeconds: 30,
      rangeSeconds: 3600,
      variables: modelVariable(scope, 'gateway.request_outcomes'),
      rows: [...promiseRow(scope), ...predictionRow(scope), ...healthRow(scope)],
    }
  },
}

function promiseRow(scope: Scope): DashboardRow[] {
  return row(
    'Promises',
    panel({
      id: 'goodput',
      title: 'Goodput',
      unit: 'ratio',
      good: 'up',
      description: 'Share of requests that met every objective, by model; no value without traffic. When it falls, see beside it what was missed.',
      queries: lines([
        '{{model}}',
        ratio(
          rateOf('gateway.slo_requests', scope, { by: ['model'], where: [{ label: 'result', op: '=', value: 'good' }] }),
          rateOf('gateway.slo_requests', scope, { by: ['model'] }),
        ),
      ]),
    }),
    panel({
      id: 'missed',
      title: 'What was missed',
      unit: 'requests/s',
      good: 'down',
      description:
        'Requests a second that missed an objective, by which. First token: queues and prefill; tokens after it: batch size; error: the endpoints below.',
      queries: lines(['{{reason}}', rateOf('gateway.slo_requests', scope, { by: ['reason'], where: [{ label: 'result', op: '=', value: 'bad' }] })]),
    }),
    panel({
      id: 'outcomes',
      title: 'Outcomes',
      unit: 'requests/s',
      description:
        'Requests a second by how they ended. Rejected is load that was shed, cancelled a client that left, error a failure: act on errors first.',
      queries: lines(['{{outcome}}', rateOf('gateway.request_outcomes', scope, { by: ['outcome'] })]),
    }),
    panel({
      id: 'endpoint-errors',
      title: 'Failed attempts by endpoint',
      unit: 'requests/s',
      good: 'down',
      description: 'Attempts that failed, of the five worst endpoints; clients do not notice those that were retried. One alone: take it out.',
      queries: lines(['{{endpoint}}', top(5, rateOf('gateway.endpoint_errors', scope, { by: ['endpoint'] }))]),
    }),
  )
}

function predictionRow(scope: Scope): DashboardRow[] {
  const by = { by: ['endpoint'] }
  return row(
    'Predictions',
    panel({
      id: 'cached-tokens',
      title: 'Cached tokens',
      unit: 'tokens/s',
      good: 'up',
      description:
        "Cached prompt tokens predicted and delivered a second, of requests whose engine reports them. Far apart: the engine's cache is not what the gateway believes; give it the right size.",
      queries: lines(
        ['predicted', rateOf('scheduler.cached_tokens_predicted', scope)],
        ['delivered', rateOf('scheduler.cached_tokens_delivered', scope)],
      ),
    }),
    panel({
      id: 'cached-share',
      title: 'Delivered share of predicted tokens',
      unit: 'ratio',
      // As the alert CachePredictionOff has it.
      thresholds: [
        { value: 0, level: 'warning' },
        { value: 0.5, level: 'ok' },
      ],
      good: 'up',
      description:
        'Delivered over predicted cached tokens by endpoint; above 100 % the engine had more than was known. Low at one endpoint: it restarted or serves other senders too.',
      queries: lines([
        '{{endpoint}}',
        ratio(rateOf('scheduler.cached_tokens_delivered', scope, by), rateOf('scheduler.cached_tokens_predicted', scope, by)),
      ]),
    }),
    distribution(scope, {
      id: 'ttft-error',
      title: 'Error of predicted first tokens',
      signal: 'scheduler.ttft_error',
      description:
        'Absolute difference of predicted and observed time to first token. When it grows, the engines changed: learned rates follow within minutes, restarts do not.',
    }),
    distribution(scope, {
      id: 'margin',
      title: 'Margin of decisions',
      signal: 'scheduler.decision_margin',
      description:
        'Cost of the runner-up less that of the choice. Near 0 any choice is as good; large margins mean that affinity or a slow endpoint decides.',
    }),
  )
}

function healthRow(scope: Scope): DashboardRow[] {
  return row(
    'Health',
    panel({
      id: 'state-age',
      title: 'Age of endpoint state',
      unit: 'seconds',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 3, level: 'warning' },
        { value: 15, level: 'critical' },
      ],
      good: 'down',
      description: "Age of what the gateway knows of each endpoint. Beyond three polls it is not used any more: look at the engine's /metrics.",
      queries: lines(['{{endpoint}}', levelOf('max', 'scheduler.state_age', scope, { by: ['endpoint'] })]),
    }),
    distribution(scope, {
      id: 'poll-time',
      title: 'Time of a poll',
      signal: 'scheduler.poll_time',
      description: 'Time to read the state of an endpoint. When it nears the poll interval, engines are too busy to answer or their pages too large.',
    }),
    panel({
      id: 'event-loop',
      title: 'Event-loop delay',
      unit: 'seconds',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.05, level: 'warning' },
      ],
      good: 'down',
      description: '99th percentile of the delay of each process. Above 50 ms it lacks CPU: give it a core or start more workers.',
      queries: lines(['{{instance}}', levelOf('max', 'process.event_loop_lag', scope, { by: ['instance'] })]),
    }),
    panel({
      id: 'memory',
      title: 'Memory',
      unit: 'bytes',
      good: 'down',
      description: 'Resident memory of each process that shows it. Steady growth beyond its limits is a leak: restart it and report it.',
      queries: lines(['{{job}} {{instance}}', levelOf('max', 'process.resident_memory', scope, { by: ['job', 'instance'] })]),
    }),
    panel({
      id: 'monitor-series',
      title: 'Series in the store',
      unit: 'count',
      description: 'Series that the monitor holds. At its limit new ones are refused: find the label that explodes, or raise the limit.',
      queries: lines(['series', levelOf('sum', 'monitor.series', scope)]),
    }),
    panel({
      id: 'lost',
      title: 'What is not counted',
      unit: 'count/s',
      good: 'down',
      description:
        "Series refused, label values folded and scrapes that failed, a second. Above 0 numbers are missing: the monitor's targets say which.",
      queries: lines(
        ['series refused', rateOf('monitor.series_refused', scope)],
        ['labels folded', rateOf('instruments.label_overflow', scope)],
        ['scrapes failed: {{cause}}', rateOf('monitor.scrape_failures', scope, { by: ['cause'] })],
      ),
    }),
  )
}
