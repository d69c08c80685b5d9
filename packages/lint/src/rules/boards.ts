import { labelRequest } from '../document/variable-request.ts'
import { nearestName } from '../nearest-name.ts'
import { type Found, foundIn, type LintRule } from '../rule.ts'

const unreadableQuery: LintRule = {
  id: 'parse-error',
  code: 'L33',
  severity: 'error',
  tests: 'A query that is no PromQL',
  why: 'The panel shows an error; a rule file is refused as a whole.',
  fix: 'mend the expression at the place given',
  brokenQuery: (query) => {
    if (query.parsed === undefined || query.parsed.ok) return []
    const { span, message } = query.parsed.error
    const start = Math.max(0, Math.min(span.start, query.plain.text.length - 1))
    const found = foundIn(
      query,
      { start, end: Math.min(query.plain.text.length, Math.max(span.end, start + 30)) },
      message.replace(/^\d+:\d+: parse error: /, ''),
    )
    return [
      { ...found, offset: query.plain.at(span.start), evidence: span.start < query.plain.text.length ? found.evidence : query.text.text.trim() },
    ]
  },
}

/** Uids that Grafana itself answers, and placeholders of an import. */
const OWN_SOURCES = /^(\$|\[\[|-- |grafana$|__expr__$|default$)/

const fixedDatasource: LintRule = {
  id: 'fixed-datasource',
  code: 'L19',
  severity: 'warning',
  tests: 'A data source given by its uid or name',
  why: 'In another Grafana the panel has no source.',
  fix: 'offer a variable of type datasource and write `$datasource`',
  board: (board) => {
    const seen = new Set<string>()
    return board.datasources.flatMap(({ id, offset }): Found[] => {
      if (id === '' || OWN_SOURCES.test(id) || seen.has(id)) return []
      seen.add(id)
      return [{ offset, where: `dashboard "${board.title}"`, message: `the data source "${id}" is another one elsewhere`, evidence: id }]
    })
  },
}

const anyLabelValues: LintRule = {
  id: 'any-label-values',
  code: 'L16',
  severity: 'warning',
  tests: '`label_values(x)` without a metric',
  why: 'It offers the values of every series in the store: every namespace, every job.',
  fix: 'name a metric: `label_values(up, namespace)`',
  board: (board) =>
    board.variables.flatMap(({ name, request }): Found[] => {
      const asked = request === undefined ? undefined : labelRequest(request)
      if (request === undefined || asked?.label === undefined || asked.query !== undefined) return []
      return [
        { offset: request.at(0), where: `variable $${name}`, message: `offers \`${asked.label}\` of every series there is`, evidence: request.text },
      ]
    }),
}

/** SOURCE: Grafana's global variables. */
const GLOBALS: ReadonlySet<string> = new Set(['timeFilter', 'interval', 'interval_ms', 'org', 'user', 'dashboard', 'timezone'])

const unknownVariable: LintRule = {
  id: 'unknown-variable',
  code: 'L34',
  severity: 'error',
  tests: 'A variable that the dashboard does not define',
  why: 'It stays in the query as it is written: a condition finds nothing, a number is an error.',
  fix: 'define it under `templating`, or take it out',
  board: (board) => {
    const own = board.variables.map(({ name }) => name)
    const queries = [...board.queries, ...board.panels.flatMap((panel) => panel.queries)]
    const seen = new Set<string>()
    return queries.flatMap((query) =>
      query.variables.flatMap((name): Found[] => {
        if (own.includes(name) || name.startsWith('__') || GLOBALS.has(name) || /^(DS|VAR)_/.test(name) || /^\d/.test(name) || seen.has(name))
          return []
        seen.add(name)
        const near = nearestName(name, own, 2)
        const at = query.text.text.search(new RegExp(`(\\$\\{?|\\[\\[)${name}\\b`))
        return [
          {
            offset: query.text.at(Math.max(0, at)),
            where: query.where,
            message: `the dashboard has no variable \`${name}\``,
            evidence: query.text.text.replace(/\s+/g, ' ').trim(),
            ...(near === undefined ? {} : { fix: `did you mean \`$${near}\`?` }),
          },
        ]
      }),
    )
  },
}

export const boardRules: readonly LintRule[] = [unreadableQuery, fixedDatasource, anyLabelValues, unknownVariable]
