import { dashboardPlans, type PanelView } from '@signalbox/dashboards'
import { parse } from '@signalbox/promql'
import { type DialectId, dialects } from '@signalbox/signals'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { golden } from './golden.case.ts'
import { grafanaDashboard } from './grafana-dashboard.ts'
import { sampleDashboard } from './sample-dashboard.case.ts'

interface GrafanaPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
}

function panelsOf(text: string): readonly GrafanaPanel[] {
  return (JSON.parse(text) as { panels?: readonly GrafanaPanel[] }).panels ?? []
}

const kinds = ['timeseries', 'gauge', 'stat', 'heatmap'] as const
const sample = (sampleDashboard.rows[0]?.panels ?? [])[0] as PanelView

/** Dashboards of any panels, at most ten a row. */
const anyDashboard = fc.array(fc.array(fc.constantFrom(...kinds), { maxLength: 10 }), { maxLength: 6 }).map((rows) => ({
  ...sampleDashboard,
  rows: rows.map((row, y) => ({ title: `row ${y}`, panels: row.map((kind, x) => ({ ...sample, kind, id: `${y}-${x}` })) })),
}))

describe('a dashboard for Grafana', () => {
  it('has a row and a panel of each kind as Grafana reads them', () => {
    const text = grafanaDashboard(sampleDashboard)
    expect(text).toBe(golden('sample.json', text))
  })

  it('gives no two panels a number or a place, whatever it holds, and stays within the grid', () => {
    fc.assert(
      fc.property(anyDashboard, (dashboard) => {
        const panels = panelsOf(grafanaDashboard(dashboard))
        expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
        const cells = new Set<string>()
        let count = 0
        for (const { x, y, w, h } of panels.map(({ gridPos }) => gridPos)) {
          expect(x + w).toBeLessThanOrEqual(24)
          count += w * h
          for (let i = 0; i < w * h; i++) cells.add(`${x + (i % w)},${y + Math.floor(i / w)}`)
        }
        expect(cells.size).toBe(count)
      }),
      { numRuns: 50 },
    )
  })

  it('keeps the number of a panel when others come and go around it', () => {
    const [, ...others] = sampleDashboard.rows
    const number = (text: string) => panelsOf(text).find(({ title }) => title === 'KV cache in use')?.id
    expect(number(grafanaDashboard({ ...sampleDashboard, rows: others }))).toBe(number(grafanaDashboard(sampleDashboard)))
  })

  it('calls the queries of a panel A to Z, and AA after that', () => {
    const queries = Array.from({ length: 28 }, (_, index) => ({ legend: `${index}`, expr: 'up' }))
    const text = grafanaDashboard({ ...sampleDashboard, rows: [{ title: 'Many', panels: [{ ...sample, queries }] }] })
    expect(panelsOf(text)[1]?.targets?.map(({ refId }) => refId)).toEqual('A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB'.split(' '))
  })

  it('is never longer than a ConfigMap may be', () => {
    const description = 'x'.repeat(1024 * 1024)
    expect(() => grafanaDashboard({ ...sampleDashboard, description })).toThrow('longer than 1048576 bytes')
  })
})

describe('every dashboard there is', () => {
  const all = Object.keys(dialects) as DialectId[]
  const sets: readonly (readonly DialectId[])[] = [all, ['vllm', 'llm-d-epp', 'signalbox', 'process'], ['llumnix', 'vllm-v0'], ['sglang']]

  it.each(sets.map((set) => [set.join(), set] as const))('asks for %s in PromQL that parses, and fits into a ConfigMap', (_, set) => {
    for (const plan of dashboardPlans) {
      // The assertion on the length is grafanaDashboard's own.
      const text = grafanaDashboard(plan.build({ dialects: set, model: '$model', window: '$__rate_interval' }))
      for (const { expr } of panelsOf(text).flatMap((panel) => panel.targets ?? [])) {
        const parsed = parse(expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h'))
        expect(parsed.ok ? '' : `${expr}: ${parsed.error.message}`).toBe('')
      }
    }
  })
})
