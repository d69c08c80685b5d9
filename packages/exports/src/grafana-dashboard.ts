import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type GridPos,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { assert } from '@signalbox/base'
import type { Dashboard, DashboardVariable, PanelView } from '@signalbox/dashboards'
import { durationText } from './duration-text.ts'
import { datasource, grafanaPanel } from './grafana-panel.ts'
import { dashboardTag } from './yaml-text.ts'

const GRID_WIDTH = 24
const PANEL_HEIGHT = 8
/** A number needs half of what a drawing does. */
const TILE_HEIGHT = 4

/** Most bytes of a dashboard: what a ConfigMap of Kubernetes holds. */
export const dashboardBytesMax = 1024 * 1024

/**
 * The dashboard as the JSON text that Grafana imports, 10 and later. The reader chooses the Prometheus (`$datasource`) and the
 * values of the variables at its top. Numbers of panels are computed from their ids, so that links to a panel outlive changes around
 * it; positions follow from the order of the panels. The same dashboard always gives the same text.
 */
export function grafanaDashboard(dashboard: Dashboard): string {
  const builder = new DashboardBuilder(dashboard.title)
    .uid(dashboard.uid)
    .description(dashboard.description)
    .tags([...new Set([...dashboard.tags, dashboardTag])])
    .time({ from: `now-${durationText(dashboard.rangeSeconds)}`, to: 'now' })
    .refresh(dashboard.refreshSeconds === 0 ? '' : durationText(dashboard.refreshSeconds))
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
  for (const variable of dashboard.variables) builder.withVariable(variableOf(variable))
  const numbers = new PanelNumbers()
  let y = 0
  for (const { title, panels } of dashboard.rows) {
    if (panels.length === 0) continue
    builder.withRow(
      new RowBuilder(title)
        .id(numbers.of(`row ${title}`))
        .collapsed(false)
        .gridPos({ x: 0, y, w: GRID_WIDTH, h: 1 }),
    )
    const positions = positionsOf(panels, y + 1)
    for (const [index, panel] of panels.entries()) builder.withPanel(grafanaPanel(panel, numbers.of(panel.id), positions[index] as GridPos))
    y = positions.reduce((end, position) => Math.max(end, position.y + position.h), y + 1)
  }
  const text = `${JSON.stringify(builder.build(), null, 2)}\n`
  assert(new TextEncoder().encode(text).length < dashboardBytesMax, `dashboard ${dashboard.uid} is longer than ${dashboardBytesMax} bytes`)
  return text
}

/** Every value at once is a pattern that matches all, also series without the label. */
function variableOf({ name, title, label, selector }: DashboardVariable): QueryVariableBuilder {
  const query = `label_values(${selector}, ${label})`
  return new QueryVariableBuilder(name)
    .label(title)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' })
}

/** Numbers and gauges take a quarter of the width, drawings half of it; a line that is full begins the next, below the highest panel of it. */
function positionsOf(panels: readonly PanelView[], top: number): GridPos[] {
  let x = 0
  let y = top
  let highest = 0
  return panels.map(({ kind }) => {
    const w = kind === 'gauge' || kind === 'stat' ? GRID_WIDTH / 4 : GRID_WIDTH / 2
    const h = kind === 'stat' ? TILE_HEIGHT : PANEL_HEIGHT
    if (x + w > GRID_WIDTH) {
      x = 0
      y += highest
      highest = 0
    }
    const position = { x, y, w, h }
    x += w
    highest = Math.max(highest, h)
    return position
  })
}

/** Numbers for names: a hash, and the next free number where two hashes meet. */
class PanelNumbers {
  readonly #taken = new Set<number>()

  of(name: string): number {
    let number = hash(name)
    while (this.#taken.has(number)) number = (number % NUMBER_MAX) + 1
    this.#taken.add(number)
    return number
  }
}

/** Short enough to read in an address. */
const NUMBER_MAX = 999_983

/** 1 to `NUMBER_MAX`. SOURCE: Fowler, Noll, Vo: FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return ((value >>> 0) % NUMBER_MAX) + 1
}
