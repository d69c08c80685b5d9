import type { DialectId } from '@signalbox/signals'
import { meaningsOf } from '@signalbox/signals'
import { dashboard } from './dashboard.ts'
import type { DashboardPlan } from './types.ts'

const WINDOW_SECONDS = 60

/** Every dashboard there is. */
export const dashboardPlans: readonly DashboardPlan[] = [
  {
    uid: 'llm-performance',
    title: 'LLM Performance Dashboard',
    build: ({ window }) => ({
      uid: 'llm-performance',
      title: 'LLM Performance Dashboard',
      description: 'How fast the engines answer, and how full they are.',
      tags: ['llm', 'vllm', 'performance', 'inference'],
      refreshSeconds: 5,
      rangeSeconds: 3_600,
      variables: [],
      rows: [
        {
          title: 'Performance',
          panels: dashboard({ model: '', windowSeconds: WINDOW_SECONDS }).map((panel) => ({
            ...panel,
            queries: panel.queries.map((query) => ({ ...query, expr: query.expr.replaceAll(`[${WINDOW_SECONDS}s]`, `[${window}]`) })),
          })),
        },
      ],
    }),
  },
]

/** The dialects that the names of series belong to. */
export function presentDialects(names: Iterable<string>): readonly DialectId[] {
  return [...new Set([...names].flatMap((name) => meaningsOf(name).map(({ entry }) => entry.dialect)))].sort()
}
