import { levelOf, quantileLines, rateOf, ratio } from '../expressions.ts'
import { lines, type PanelText, panel, row } from '../panel.ts'
import type { DashboardRow, PanelView, Scope } from '../types.ts'

/** How engines are at this moment, as numbers that are coloured where they are bad by themselves. */
export function nowRow(scope: Scope): DashboardRow[] {
  return row('Now', ...troubleTiles(scope), ...loadTiles(scope))
}

/** Where trouble shows first. SOURCE of the order: reference/ux.md §1.12. */
function troubleTiles(scope: Scope): PanelView[][] {
  return [
    tile({
      id: 'now-unfinished',
      title: 'Aborted or failed',
      unit: 'ratio',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.05, level: 'warning' },
      ],
      good: 'down',
      description:
        'Share of the requests that ended now without coming to their own end. When it rises, look at the finish reasons below: abort is a client that left, error is in the log of the engine.',
      expr: ratio(
        rateOf('engine.requests_finished', scope, { where: [{ label: 'finished_reason', op: '=~', value: 'abort|error' }] }),
        rateOf('engine.requests_finished', scope),
      ),
    }),
    tile({
      id: 'now-waiting',
      title: 'Waiting',
      unit: 'requests',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 1, level: 'warning' },
      ],
      good: 'down',
      description: 'Requests that wait in all engines. Above 0 for minutes: add engines.',
      expr: levelOf('sum', 'engine.requests_waiting', scope),
    }),
    panel({
      id: 'now-ttft',
      title: 'Time to first token',
      unit: 'seconds',
      kind: 'stat',
      good: 'down',
      description:
        'The time to first token that 95 of 100 requests stayed under. High beside waiting requests: load; high without them: long prompts.',
      queries: quantileLines('engine.ttft', scope, [0.95]),
    }),
    tile({
      id: 'now-kv',
      title: 'Fullest KV cache',
      unit: 'ratio',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.9, level: 'warning' },
        { value: 0.98, level: 'critical' },
      ],
      good: 'down',
      description: 'KV cache in use of the fullest engine. Near 100 % requests wait and are preempted: add engines or limit the context length.',
      expr: levelOf('max', 'engine.kv_usage', scope),
    }),
  ]
}

function loadTiles(scope: Scope): PanelView[][] {
  return [
    tile({
      id: 'now-preemptions',
      title: 'Preemptions',
      unit: 'count/s',
      thresholds: [
        { value: 0, level: 'ok' },
        { value: 0.01, level: 'warning' },
      ],
      good: 'down',
      description: 'Requests a second that lost their blocks and start over. Above 0 for minutes: memory is short, lower the batch size.',
      expr: rateOf('engine.preemptions', scope),
    }),
    tile({
      id: 'now-requests',
      title: 'Requests',
      unit: 'requests/s',
      description: 'Requests that ended a second. 0 beside running ones: answers do not end, look at generation.',
      expr: rateOf('engine.requests_finished', scope),
    }),
    tile({
      id: 'now-generated',
      title: 'Tokens generated',
      unit: 'tokens/s',
      description: 'Tokens generated a second. Flat while requests wait: the engines are at their limit.',
      expr: rateOf('engine.generation_tokens', scope),
    }),
    tile({
      id: 'now-engines',
      title: 'Engines',
      unit: 'endpoints',
      description: 'Engines that show themselves, each data-parallel rank counted. Fewer than yesterday: look which targets are down.',
      expr: levelOf('count', 'engine.requests_running', scope),
    }),
  ]
}

/** One number. */
function tile({ expr, ...text }: Omit<PanelText, 'queries'> & { readonly expr: string | undefined }): PanelView[] {
  return panel({ kind: 'stat', ...text, queries: lines(['', expr]) })
}
