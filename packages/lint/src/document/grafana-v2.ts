import { isAutomatic, readField, variableQueries } from './grafana.ts'
import type { Board, BoardVariable, Panel } from './model.ts'
import { readQuery } from './query.ts'
import type { Tree } from './tree.ts'

/** True for the specification of a dashboard in Grafana's schema v2: elements and a layout. */
export function isSchemaV2(tree: Tree): boolean {
  return (tree.get('elements')?.entries().length ?? 0) > 0 && tree.get('layout') !== undefined
}

/** A dashboard in Grafana's schema v2. Library panels stand elsewhere and are skipped. */
export function readSchemaV2(tree: Tree, path: string): Board {
  const elements = (tree.get('elements')?.entries() ?? []).flatMap(({ value }) => (value?.get('kind')?.word() === 'Panel' ? [value] : []))
  const variables = (tree.get('variables')?.items() ?? []).map(readVariable)
  const refresh = tree.path('timeSettings', 'autoRefresh')
  return {
    kind: 'dashboard',
    path,
    title: tree.get('title')?.word() ?? '',
    offset: tree.offset,
    panels: elements.map(readPanel),
    variables,
    queries: variableQueries(variables),
    datasources: elements.flatMap((element) =>
      queriesOf(element).flatMap((query) => {
        const name = query.path('datasource', 'name') ?? query.path('spec', 'datasource', 'uid')
        const id = name?.word()
        return name === undefined || id === undefined ? [] : [{ id, offset: name.offset }]
      }),
    ),
    refresh: refresh?.word() === undefined ? undefined : { text: refresh.word() ?? '', offset: refresh.offset },
  }
}

function readPanel(element: Tree): Panel {
  const spec = element.get('spec')
  const where = `panel "${spec?.get('title')?.word() ?? ''}"`
  const drawing = spec?.get('vizConfig')
  return {
    kind: 'panel',
    where,
    offset: (spec?.get('title') ?? element).offset,
    type: drawing?.get('group')?.word() ?? drawing?.get('kind')?.word() ?? '',
    queries: queriesOf(element).flatMap((query) => {
      const expr = query.path('spec', 'expr')?.text()
      const legend = query.path('spec', 'legendFormat')?.text()
      if (expr === undefined || expr.text.trim() === '') return []
      return [readQuery(expr, { purpose: 'panel', where, legend: isAutomatic(legend) ? undefined : legend, templated: true })]
    }),
    ...readField(drawing?.path('spec', 'fieldConfig'), spec?.path('data', 'spec', 'transformations')),
  }
}

/** The data queries of an element that are drawn. */
function queriesOf(element: Tree): readonly Tree[] {
  return (element.path('spec', 'data', 'spec', 'queries')?.items() ?? []).flatMap((query) => {
    const inner = query.path('spec', 'query')
    return inner === undefined || query.path('spec', 'hidden')?.isTrue() === true ? [] : [inner]
  })
}

function readVariable(tree: Tree): BoardVariable {
  const spec = tree.get('spec')
  const query = spec?.path('query', 'spec', 'query') ?? spec?.path('query', 'spec', 'expr')
  return {
    name: spec?.get('name')?.word() ?? '',
    offset: tree.offset,
    request: tree.get('kind')?.word() === 'QueryVariable' ? query?.text() : undefined,
  }
}
