import { parse, typeOf } from '@signalbox/promql'
import { type DialectId, dialects } from '@signalbox/signals'
import { describe, expect, test } from 'vitest'
import { dashboardPlans } from './plans.ts'
import type { Dashboard, PanelView, Scope } from './types.ts'

const every = Object.keys(dialects) as DialectId[]
const scope: Scope = { dialects: every, model: '$model', window: '$__rate_interval' }
const panelsOf = (dashboard: Dashboard | undefined): PanelView[] => (dashboard?.rows ?? []).flatMap(({ panels }) => panels)
const built = new Map(dashboardPlans.map((plan) => [plan.uid, plan.build(scope)]))

test('the dashboards of the seed documents, one for vLLM and one of our own are there', () => {
  expect([...built].map(([uid, dashboard]) => [uid, panelsOf(dashboard).length])).toEqual([
    ['llm-performance', 8],
    ['vllm-overview', expect.any(Number)],
    ['inference-gateway', expect.any(Number)],
    ['signalbox', expect.any(Number)],
    ['llumnix-request-dashboard', expect.any(Number)],
    ['llumnix-component-dashboard', expect.any(Number)],
    ['llumnix-cms-dashboard', 32],
    ['llumnix-lrs-dashboard', 4],
    ['vllm-dashboard', expect.any(Number)],
  ])
})

describe.each([...built])('%s', (_uid, dashboard) => {
  const panels = panelsOf(dashboard)

  test('has panels with ids of their own, and a sentence about the number and one about what to do', () => {
    expect(panels.length).toBeGreaterThan(0)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { description, id, queries, thresholds } of panels) {
      expect(description, id).toMatch(/^[A-Z0-9].+[.;:] .+[.?]$/)
      expect(queries.length, id).toBeGreaterThan(0)
      expect(
        [...thresholds].sort((a, b) => a.value - b.value),
        id,
      ).toEqual(thresholds)
    }
  })

  test('asks in PromQL, and tells the lines of a panel apart', () => {
    for (const { id, queries } of panels) {
      for (const { expr } of queries) {
        const parsed = parse(expr.replaceAll('$__rate_interval', '1m'))
        expect(parsed.ok ? typeOf(parsed.value) : parsed.error.message, expr).toBe('instant vector')
        // Where an expression keeps labels, the legend names them.
        const kept = /^(?:topk\(5, )?(?:sum|max|avg) by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []
        for (const label of kept) expect(queries.find((query) => query.expr === expr)?.legend, `${id}: ${expr}`).toContain(`{{${label}}}`)
      }
      expect(new Set(queries.map(({ legend }) => legend)).size, id).toBe(queries.length)
    }
  })

  test('offers the model where its panels read it, and not where it is not chosen', () => {
    const reads = panels.some(({ queries }) => queries.some(({ expr }) => expr.includes('$model')))
    expect(dashboard.variables.length > 0).toBe(reads)
    const plan = dashboardPlans.find(({ uid }) => uid === dashboard.uid)
    expect(plan?.build({ ...scope, model: '' }).variables).toEqual([])
    expect(plan?.build({ ...scope, dialects: [] }).rows).toEqual([])
  })
})

test.each(every.map((dialect) => [dialect]))('of %s alone, each dashboard offers the model where its panels read it, and nowhere else', (dialect) => {
  for (const plan of dashboardPlans) {
    const alone = plan.build({ ...scope, dialects: [dialect] })
    const reads = panelsOf(alone).some(({ queries }) => queries.some(({ expr }) => expr.includes('$model')))
    expect(alone.variables.length > 0, plan.uid).toBe(reads)
  }
})

test('the model variable of a dialect without a label for it asks for the label that a scrape may attach', () => {
  expect(dashboardPlans[0]?.build({ ...scope, dialects: ['llamacpp'] }).variables).toEqual([
    { name: 'model', title: 'Model', label: 'model', selector: 'llamacpp:requests_processing' },
  ])
})

test('the model variable of a fleet that mixes dialects asks all of their names', () => {
  const mixed = dashboardPlans[0]?.build({ ...scope, dialects: ['vllm', 'sglang', 'tgi'] })
  expect(mixed?.variables).toEqual([
    { name: 'model', title: 'Model', label: 'model_name', selector: '{__name__=~"vllm:num_requests_running|sglang:num_running_reqs"}' },
  ])
})

test('Llumnix is drawn in its own units', () => {
  const panels = panelsOf(built.get('llumnix-request-dashboard'))
  const ttft = panels.find(({ id }) => id === 'ttft')
  expect(ttft?.unit).toBe('milliseconds')
  expect(ttft?.queries.at(-1)).toEqual({
    legend: 'mean',
    expr: 'sum(rate(request_ttft_milliseconds_sum{model=~"$model"}[$__rate_interval])) / (sum(rate(request_ttft_milliseconds_count{model=~"$model"}[$__rate_interval])) > 0)',
  })
  expect(panels.find(({ id }) => id === 'prefix-hit')?.unit).toBe('percent')
})
