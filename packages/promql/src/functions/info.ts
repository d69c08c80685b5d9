import type { Labels } from '@signalbox/base'
import { type Expr, unwrap, type VectorSelector } from '../ast.ts'
import { type CallContext, type KeptSeries, materialise } from '../context.ts'
import { EvaluationFailure } from '../failure.ts'
import { formatLabels } from '../labels-text.ts'
import { matcher } from '../matcher.ts'
import { type LazySeries, mergeEqual, Row } from '../series.ts'
import type { Matcher } from '../types.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'

const NAME = '__name__'
/** The labels by which an info series belongs to another one. */
const IDENTIFYING: ReadonlySet<string> = new Set(['instance', 'job'])
const DEFAULT_INFO = 'target_info'

/**
 * `info(v, {matchers})`: adds the labels of info series that share `instance` and `job` with a series; with matchers only the labels they
 * name, and series for which a label is demanded that no info series has are dropped. SOURCE: prometheus promql/info.go.
 */
function info(call: CallContext): LazySeries[] {
  const base = materialise(call.vector(0), call.keepRows)
  const selector = call.call.args.length > 1 ? (call.arg(1) as VectorSelector) : undefined
  const matchers = selector?.matchers ?? []
  const ofName = matchers.filter(({ name }) => name === NAME)
  const ofData = matchers.filter(({ name }) => name !== NAME)
  const names = ofName.length > 0 ? ofName : [nameMatcher()]
  const isInfo = (labels: Labels): boolean => names.every((one) => one.matches(labels.get(NAME)))
  const ignores = selector === undefined || ofName.length > 0
  const selected = call.infoSeries([...names, ...ofData], firstSelector(call.arg(0)))
  const candidates = bySignature(materialise(selected, call.keepRows))
  const results: LazySeries[] = []
  for (const series of base) {
    call.poll()
    if (ignores && isInfo(series.labels)) results.push({ labels: series.labels, dropsName: series.dropsName ?? false, row: () => series.row })
    else results.push(...enriched(call, series, candidates.get(series.labels.pick(IDENTIFYING).key) ?? [], ofData))
  }
  return mergeEqual(results)
}

function nameMatcher(): Matcher {
  const result = matcher(NAME, '=', DEFAULT_INFO)
  if (!result.ok) throw new TypeError(result.error)
  return result.value
}

/** The selector whose time the info series are read at: the first one in the argument. */
function firstSelector(expr: Expr): VectorSelector | undefined {
  const inner = unwrap(expr)
  switch (inner.kind) {
    case 'vector-selector':
      return inner
    case 'matrix-selector':
      return inner.selector
    case 'subquery':
    case 'unary':
    case 'aggregate':
      return firstSelector(inner.expr)
    case 'binary':
      return firstSelector(inner.left) ?? firstSelector(inner.right)
    case 'call':
      return inner.args.map(firstSelector).find((found) => found !== undefined)
    case 'number':
    case 'string':
      return undefined
  }
}

function bySignature(all: readonly KeptSeries[]): Map<string, KeptSeries[]> {
  const groups = new Map<string, KeptSeries[]>()
  for (const series of all) {
    const { key } = series.labels.pick(IDENTIFYING)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [series])
    else group.push(series)
  }
  // A series without identifying labels belongs to no info series.
  groups.delete('')
  return groups
}

/** One series for each set of labels that the base series has over time. */
function enriched(call: CallContext, series: KeptSeries, candidates: readonly KeptSeries[], wanted: readonly Matcher[]): LazySeries[] {
  const chosen = new Set(wanted.map(({ name }) => name))
  const demanded = wanted.some((one) => !one.matches(''))
  const rows = new Map<string, { labels: Labels; row: Row }>()
  for (let step = 0; step < call.grid.count; step++) {
    if (!series.row.hasPoint(step)) continue
    const infos = newest(candidates, step)
    if (infos.length === 0 && demanded) continue
    const labels = withData(series.labels, infos, chosen)
    let result = rows.get(labels.key)
    if (result === undefined) {
      call.keepRows(1)
      result = { labels, row: new Row(call.grid.count) }
      rows.set(labels.key, result)
    }
    result.row.copy(step, series.row)
  }
  return [...rows.values()].map(({ labels, row }) => ({ labels, dropsName: series.dropsName ?? false, row: () => row }))
}

/** Of each info metric the series with the newest sample; rows hold the samples' own times. */
function newest(candidates: readonly KeptSeries[], step: number): Labels[] {
  const byName = new Map<string, KeptSeries>()
  for (const series of candidates) {
    if (!series.row.has(step)) continue
    const name = series.labels.get(NAME)
    const other = byName.get(name)
    if (other === undefined || other.row.at(step) < series.row.at(step)) byName.set(name, series)
    else if (other.row.at(step) === series.row.at(step)) {
      const at = series.row.at(step) * 1000
      const pair = `existing ${formatLabels(other.labels)} @ ${at}, new ${formatLabels(series.labels)} @ ${at}`
      throw new EvaluationFailure('execution', `found duplicate series for info metric: ${pair}`)
    }
  }
  return [...byName.values()].map(({ labels }) => labels)
}

function withData(base: Labels, infos: readonly Labels[], chosen: ReadonlySet<string>): Labels {
  const data = new Map<string, string>()
  for (const labels of infos) {
    for (const [i, name] of labels.names.entries()) {
      if (name === NAME || (chosen.size > 0 && !chosen.has(name))) continue
      const value = labels.values[i] as string
      const known = data.get(name)
      if (known !== undefined && known !== value) throw new EvaluationFailure('execution', `conflicting label: ${name}`)
      if (base.get(name) === '') data.set(name, value)
    }
  }
  let labels = base
  for (const [name, value] of data) labels = labels.with(name, value)
  return labels
}

export const infoFunctions: readonly FunctionDefinition[] = [
  vectorFunction('info', ['instant vector', 'instant vector'], info, { optional: 1, experimental: true, labelSelector: 1 }),
]
