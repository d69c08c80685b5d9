import { ok } from '@signalbox/base'
import { formatValue } from '@signalbox/exposition'
import { type Expr, type Matcher, type ParseOptions, parse } from '@signalbox/promql'
import { type ApiResult, badData } from './api-answer.ts'
import type { ExemplarStore, SeriesExemplars } from './exemplar-store.ts'
import { exemplarRange } from './query-parameters.ts'
import { TRUNCATED } from './query-service.ts'

/** In one answer; about 4 MB of JSON. */
const EXEMPLARS_MAX = 10_000

/** What `query_exemplars` answers: the exemplars of all series that the expression selects. SOURCE: Prometheus web/api/v1/api.go (queryExemplars). */
export function exemplarAnswer(form: URLSearchParams, store: ExemplarStore, parsing: ParseOptions): ApiResult {
  const range = exemplarRange(form)
  if (!range.ok) return badData(range.error)
  const parsed = parse(form.get('query') ?? '', parsing)
  if (!parsed.ok) return badData(parsed.error.message)
  const { found, isCut } = store.select(selectorsOf(parsed.value), range.value, EXEMPLARS_MAX)
  return ok({ data: JSON.stringify(found.map(seriesJson)), warnings: isCut ? [TRUNCATED] : [], infos: [] })
}

/** The matchers of every selector, in the order of the text. */
export function selectorsOf(expr: Expr): readonly (readonly Matcher[])[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return []
    case 'vector-selector':
      return [expr.matchers]
    case 'matrix-selector':
      return [expr.selector.matchers]
    case 'subquery':
    case 'paren':
    case 'unary':
      return selectorsOf(expr.expr)
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)]
    case 'call':
      return expr.args.flatMap(selectorsOf)
    case 'aggregate':
      return [...(expr.parameter === undefined ? [] : selectorsOf(expr.parameter)), ...selectorsOf(expr.expr)]
  }
}

function seriesJson({ series, exemplars }: SeriesExemplars): unknown {
  return {
    seriesLabels: series.toRecord(),
    exemplars: exemplars.map(({ labels, value, timestampMs }) => ({
      labels: labels.toRecord(),
      value: formatValue(value),
      timestamp: timestampMs / 1000,
    })),
  }
}
