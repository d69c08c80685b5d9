import { dashboard } from '../dashboard.ts'
import { modelVariable, row } from '../panel.ts'
import type { DashboardPlan } from '../types.ts'

const SIDES = new Set(['ttft', 'itl', 'e2e'])

/** The eight panels for another program to draw. SOURCE: title, uid, refresh and variable of the seed dashboard. */
export const performancePlan: DashboardPlan = {
  uid: 'llm-performance',
  title: 'LLM Performance Dashboard',
  build: (scope) => {
    const panels = dashboard(scope)
    return {
      uid: 'llm-performance',
      title: 'LLM Performance Dashboard',
      description:
        'What the model servers do, whatever they call it: latency, cache, load, throughput. Start at the first row; when it is well, so are the users.',
      tags: ['llm', 'vllm', 'performance', 'inference'],
      // Twice as often as most scrape, and no faster: five seconds over a window of minutes would be pure load.
      refreshSeconds: 5,
      rangeSeconds: 3600,
      variables: modelVariable(scope, 'engine.requests_running', 'engine.e2e', 'engine.kv_usage'),
      rows: [
        ...row(
          'Latency',
          panels.filter(({ id }) => SIDES.has(id)),
        ),
        ...row(
          'Cache',
          panels.filter(({ id }) => id === 'kv-usage' || id === 'hit-rate'),
        ),
        ...row(
          'Load',
          panels.filter(({ id }) => ['queue', 'throughput', 'tokens'].includes(id)),
        ),
      ],
    }
  },
}
