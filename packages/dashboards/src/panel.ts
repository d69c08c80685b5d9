import { type DialectEntry, type SignalId, signals } from '@signalbox/signals'
import { bucketsOf, line, meanOf, quantileLines, type Reading } from './expressions.ts'
import { entriesIn, isVariable, spelledIn } from './selectors.ts'
import type { DashboardRow, DashboardVariable, PanelQuery, PanelUnit, PanelView, Scope } from './types.ts'

/** A panel as it is written down: what most panels leave out has a default. */
export type PanelText = Pick<PanelView, 'id' | 'title' | 'unit' | 'description' | 'queries'> & Partial<PanelView>

/** The panel, or none when the scope's dialects have nothing to draw on it. A time series without thresholds unless said otherwise. */
export function panel(text: PanelText): PanelView[] {
  return text.queries.length === 0 ? [] : [{ kind: 'timeseries', thresholds: [], good: 'neither', ...text }]
}

/** Quantiles and mean of a histogram's signal. */
export interface LatencyPanel {
  readonly id: string
  readonly title: string
  readonly signal: SignalId
  readonly description: string
  readonly qs?: readonly number[]
  readonly mean?: boolean
  readonly unit?: PanelUnit
  readonly reading?: Reading
}

const QUANTILES = [0.5, 0.95, 0.99]

/** Time series of p50, p95, p99 and the mean. */
export function distribution(
  scope: Scope,
  { id, title, signal, description, qs = QUANTILES, mean = true, unit = 'seconds', reading }: LatencyPanel,
): PanelView[] {
  return panel({
    id,
    title,
    unit,
    good: signals[signal].good,
    description,
    queries: [...quantileLines(signal, scope, qs, reading), ...(mean ? line('mean', meanOf(signal, scope, reading)) : [])],
  })
}

/** A heatmap for each layout of a histogram: bands that quantiles hide. Events a second by upper bound. */
export function heatmaps(scope: Scope, { id, title, signal, description, unit = 'seconds' }: LatencyPanel): PanelView[] {
  return bucketsOf(signal, scope).flatMap(({ title: dialect, alone, expr }, index) =>
    panel({
      id: index === 0 ? id : `${id}-${index + 1}`,
      title: alone ? title : `${title} (${dialect})`,
      unit,
      kind: 'heatmap',
      description,
      queries: [{ legend: '{{le}}', expr }],
    }),
  )
}

/** The row, or none when it has no panels. */
export function row(title: string, ...panels: readonly (readonly PanelView[])[]): DashboardRow[] {
  const all = panels.flat()
  return all.length === 0 ? [] : [{ title, panels: all }]
}

/** Lines of several expressions, those that nothing can be asked for left out. */
export function lines(...pairs: readonly (readonly [legend: string, expr: string | undefined])[]): PanelQuery[] {
  return pairs.flatMap(([legend, expr]) => line(legend, expr))
}

/**
 * The choice of a model, where the scope's model is a variable: the values of the model label of the first signal's series that
 * carry one. Names that spell the label otherwise than the first are left out. Dialects without the label are asked for the one
 * that a scrape configuration may attach, as panels ask them. None where the scope has none of the signals: name one for whatever
 * panels read the variable.
 */
export function modelVariable(scope: Scope, ...from: readonly SignalId[]): DashboardVariable[] {
  if (!isVariable(scope.model)) return []
  const spelled = (entry: DialectEntry) => spelledIn(entry, 'model')
  const choice = from.map((signal) => choiceOf(signal, scope, spelled)).find((found) => found !== undefined)
  const attached = choice ?? from.map((signal) => choiceOf(signal, scope, () => 'model')).find((found) => found !== undefined)
  return attached === undefined ? [] : [{ name: /\w+/.exec(scope.model)?.[0] ?? '', title: 'Model', ...attached }]
}

function choiceOf(
  signal: SignalId,
  scope: Scope,
  spell: (entry: DialectEntry) => string | undefined,
): Pick<DashboardVariable, 'label' | 'selector'> | undefined {
  const entries = entriesIn(signal, scope)
  const label = entries.map(spell).find((found) => found !== undefined)
  if (label === undefined) return undefined
  const asked = entries.filter((entry) => spell(entry) === label)
  const distinct = [...new Set(asked.map(({ name, type }) => `${name}${type === 'histogram' ? '_count' : ''}`))]
  const [only = ''] = distinct
  return { label, selector: distinct.length === 1 ? only : `{__name__=~"${distinct.join('|')}"}` }
}
