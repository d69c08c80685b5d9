import type { MappedText } from './mapped-text.ts'
import type { Board, BoardVariable, DatasourceReference, Panel, Query, ThresholdStep } from './model.ts'
import { readQuery } from './query.ts'
import type { Tree } from './tree.ts'
import { labelRequest } from './variable-request.ts'

/** Rows hold panels, panels of a row hold none. */
const NESTING_MAX = 4
/** Far beyond any board: a row of aliases of itself would never end. */
const PANELS_MAX = 20_000

/** True for a dashboard in Grafana's classic schema. */
export function isClassicBoard(tree: Tree): boolean {
  const panels = tree.get('panels') ?? tree.get('rows')
  return panels?.isList() === true && (tree.get('title') !== undefined || tree.get('schemaVersion') !== undefined)
}

/** A dashboard in Grafana's classic schema: panels in rows old and new, variables, annotations. Library panels stand elsewhere and are skipped. */
export function readClassicBoard(tree: Tree, path: string): Board {
  const panels = panelTrees(tree)
  const annotations = tree.path('annotations', 'list')?.items() ?? []
  const variables = (tree.path('templating', 'list')?.items() ?? []).map(readVariable)
  const refresh = tree.get('refresh')
  return {
    kind: 'dashboard',
    path,
    title: tree.get('title')?.word() ?? '',
    offset: tree.offset,
    panels: panels.map(readPanel),
    variables,
    queries: [...annotations.flatMap(readAnnotation), ...variableQueries(variables)],
    datasources: [...panels, ...annotations, ...(tree.path('templating', 'list')?.items() ?? [])].flatMap((holder) => [
      ...datasource(holder),
      ...(holder.get('targets')?.items() ?? []).flatMap(datasource),
    ]),
    refresh: refresh?.word() === undefined ? undefined : { text: refresh.word() ?? '', offset: refresh.offset },
  }
}

/** The queries in what variables ask for. */
export function variableQueries(variables: readonly BoardVariable[]): Query[] {
  return variables.flatMap(({ name, request }) => {
    if (request === undefined) return []
    const query = labelRequest(request)?.query
    return query === undefined ? [] : [readQuery(query, { purpose: 'variable', where: `variable $${name}`, templated: true })]
  })
}

/** The panels below `tree`, those of rows too; after the most that are looked at, no more. */
function panelTrees(tree: Tree): readonly Tree[] {
  const panels: Tree[] = []
  let looked = 0
  const visit = (holder: Tree, depth: number): void => {
    for (const child of [...(holder.get('rows')?.items() ?? []), ...(holder.get('panels')?.items() ?? [])]) {
      if (++looked > PANELS_MAX) return
      if (child.get('libraryPanel') !== undefined) continue
      const isRow = child.get('type')?.word() === 'row' || child.get('panels') !== undefined
      if (!isRow) panels.push(child)
      else if (depth < NESTING_MAX) visit(child, depth + 1)
    }
  }
  visit(tree, 0)
  return panels
}

function readPanel(tree: Tree): Panel {
  const where = `panel "${tree.get('title')?.word() ?? ''}"`
  const targets = tree.get('targets')?.items() ?? []
  return {
    kind: 'panel',
    where,
    offset: (tree.get('title') ?? tree).offset,
    type: tree.get('type')?.word() ?? '',
    queries: targets.flatMap((target) => readTarget(target, where)),
    ...readField(tree.get('fieldConfig'), tree.get('transformations')),
    // The graph panel of before version 8 has its unit on the axis.
    ...(tree.get('yaxes') === undefined ? {} : { unit: unitAt(tree.get('yaxes')?.items()[0]?.get('format')) }),
  }
}

function readTarget(target: Tree, where: string): Query[] {
  const expr = target.get('expr')?.text()
  if (expr === undefined || expr.text.trim() === '' || target.get('hide')?.isTrue() === true) return []
  const legend = target.get('legendFormat')?.text()
  return [readQuery(expr, { purpose: 'panel', where, legend: isAutomatic(legend) ? undefined : legend, templated: true })]
}

/** Grafana names the series itself. */
export function isAutomatic(legend: MappedText | undefined): boolean {
  return legend === undefined || legend.text === '' || legend.text === '__auto'
}

/** What a field configuration says of units and thresholds. */
export function readField(field: Tree | undefined, transformations: Tree | undefined): Pick<Panel, 'unit' | 'unitVaries' | 'thresholds'> {
  const defaults = field?.get('defaults')
  const overrides = field?.get('overrides')?.items() ?? []
  const overridden = overrides.some((one) => (one.get('properties')?.items() ?? []).some((property) => property.get('id')?.word() === 'unit'))
  const hidden = defaults?.path('custom', 'thresholdsStyle', 'mode')?.word() === 'off'
  const percentage = defaults?.path('thresholds', 'mode')?.word() === 'percentage'
  return {
    unit: unitAt(defaults?.get('unit')),
    unitVaries: overridden || (transformations?.items() ?? []).some((one) => one.get('id')?.word() === 'calculateField'),
    thresholds: hidden || percentage ? [] : (defaults?.path('thresholds', 'steps')?.items() ?? []).map(readStep),
  }
}

function readStep(step: Tree): ThresholdStep {
  return { value: step.get('value')?.number(), color: step.get('color')?.word() ?? '', offset: step.offset }
}

function unitAt(tree: Tree | undefined): Panel['unit'] {
  const id = tree?.word()
  return tree === undefined || id === undefined || id === '' ? undefined : { id, offset: tree.offset }
}

function readVariable(tree: Tree): BoardVariable {
  const name = tree.get('name')?.word() ?? ''
  if (tree.get('type')?.word() !== 'query') return { name, offset: tree.offset, request: undefined }
  // `definition` is a copy for people; `query` is what is asked.
  const query = tree.get('query')
  return { name, offset: tree.offset, request: query?.text() ?? query?.get('query')?.text() ?? tree.get('definition')?.text() }
}

function readAnnotation(tree: Tree): Query[] {
  const expr = tree.get('expr')?.text() ?? tree.path('target', 'expr')?.text()
  if (expr === undefined || expr.text.trim() === '') return []
  return [readQuery(expr, { purpose: 'annotation', where: `annotation "${tree.get('name')?.word() ?? ''}"`, templated: true })]
}

function datasource(tree: Tree): DatasourceReference[] {
  const reference = tree.get('datasource')
  const uid = reference?.get('uid')
  const kind = reference?.get('type')?.word()
  if (kind !== undefined && kind !== 'prometheus') return []
  const id = uid?.word() ?? reference?.word()
  return reference === undefined || id === undefined ? [] : [{ id, offset: (uid ?? reference).offset }]
}
