import { assert, unreachable } from '@signalbox/base'
import { type FoldingOperator, fold } from './aggregate.ts'
import { ignoreHistograms } from './aggregate-histograms.ts'
import { countValues, groupQuantile, limited, limitedByRatio, ranked } from './aggregate-select.ts'
import {
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  isSetOperator,
  type MatrixSelector,
  type Subquery,
  unwrap,
  type VectorSelector,
} from './ast.ts'
import { scalarBinary, vectorScalarBinary } from './binary.ts'
import { type CallContext, type KeptSeries, materialise, type RangeVector } from './context.ts'
import { EvaluationFailure } from './failure.ts'
import { warnQuantile } from './functions/over-time.ts'
import { functions } from './functions/registry.ts'
import { multiplied } from './histogram/float-histogram.ts'
import { formatG } from './histogram/histogram-text.ts'
import type { Query } from './query.ts'
import { instantRow, lookup, type PointOf, smoothedRow, subqueryRange, windowsOf, withoutStale } from './select.ts'
import { type Grid, type LazySeries, mapValues, mergeEqual, NameDropper, Row, type SeriesIdentity } from './series.ts'
import { setOperation } from './set-operators.ts'
import { isStepInvariant } from './step-invariance.ts'
import { typeOf } from './type-check.ts'
import { vectorBinary } from './vector-matching.ts'

/** The step of a subquery that names none. SOURCE: Prometheus's default evaluation interval. */
const SUBQUERY_STEP_MS = 60_000

/**
 * Evaluates type-checked expressions over a grid of steps, a series at a time: each operand answers lazy series, and a row, all steps of
 * one series, is computed when its consumer comes to it.
 */
export class Evaluator {
  readonly #query: Query
  readonly #grid: Grid
  readonly #names = new NameDropper()

  constructor(query: Query, grid: Grid) {
    this.#query = query
    this.#grid = grid
  }

  vector(expr: Expr): LazySeries[] {
    const { count } = this.#grid
    if (count === 0) return []
    if (count === 1 || !isStepInvariant(expr)) return this.#vectorAtEachStep(expr)
    const once = new Evaluator(this.#query, { ...this.#grid, count: 1 })
    return once.vector(expr).map((series) => ({ ...identity(series), row: () => repeated(series.row(), count) }))
  }

  #vectorAtEachStep(expr: Expr): LazySeries[] {
    switch (expr.kind) {
      case 'paren':
        return this.vector(expr.expr)
      case 'vector-selector':
        return this.#selector(expr)
      case 'unary':
        return expr.operator === '+' ? this.vector(expr.expr) : this.#negated(expr.expr)
      case 'binary':
        return this.#binary(expr)
      case 'aggregate':
        return this.#aggregate(expr)
      case 'call': {
        const definition = functions.get(expr.name)
        assert(definition?.returns === 'instant vector', `${expr.name} does not answer a vector`)
        requireBoundaries(expr)
        return definition.vector(this.#callContext(expr))
      }
      case 'number':
      case 'string':
      case 'matrix-selector':
      case 'subquery':
        throw new TypeError(`a ${expr.kind} is no instant vector`)
      default:
        return unreachable(expr)
    }
  }

  /** A scalar at each step. The array belongs to the caller. */
  scalar(expr: Expr): Float64Array {
    switch (expr.kind) {
      case 'paren':
        return this.scalar(expr.expr)
      case 'number':
        return new Float64Array(this.#grid.count).fill(expr.value)
      case 'unary': {
        const values = this.scalar(expr.expr)
        return expr.operator === '-' ? values.map((value) => -value) : values
      }
      case 'binary':
        return scalarBinary(expr, this.scalar(expr.left), this.scalar(expr.right))
      case 'call': {
        const definition = functions.get(expr.name)
        assert(definition?.returns === 'scalar', `${expr.name} does not answer a scalar`)
        return definition.scalar(this.#callContext(expr))
      }
      case 'string':
      case 'vector-selector':
      case 'matrix-selector':
      case 'subquery':
      case 'aggregate':
        throw new TypeError(`a ${expr.kind} is no scalar`)
      default:
        return unreachable(expr)
    }
  }

  range(expr: Expr): RangeVector {
    const inner = unwrap(expr)
    if (inner.kind === 'matrix-selector') return this.#matrix(inner)
    assert(inner.kind === 'subquery', `a ${inner.kind} is no range vector`)
    return this.#subquery(inner)
  }

  #selector(expr: VectorSelector, point: PointOf = 'value'): LazySeries[] {
    const query = this.#query
    const { lookbackMs } = query
    const at = lookup(this.#grid, expr.offsetMs, query.atMs(expr.at))
    const smoothed = expr.boundaries === 'smoothed' && point === 'value'
    return query.select(expr.matchers, at, lookbackMs, smoothed ? lookbackMs : 0).map((columns) => ({
      labels: columns.labels,
      row() {
        query.poll()
        return smoothed ? smoothedRow(withoutStale(columns), at, lookbackMs) : instantRow(columns, at, lookbackMs, point)
      },
    }))
  }

  #matrix(expr: MatrixSelector): RangeVector {
    const query = this.#query
    const { selector } = expr
    const at = lookup(this.#grid, selector.offsetMs, query.atMs(selector.at))
    const { boundaries } = selector
    const { lookbackMs } = query
    const back = expr.rangeMs + (boundaries === 'sampled' ? 0 : lookbackMs)
    const series = query.select(selector.matchers, at, back, boundaries === 'smoothed' ? lookbackMs : 0).map((columns) => ({
      labels: columns.labels,
      samples() {
        query.poll()
        return withoutStale(columns)
      },
    }))
    return { windows: windowsOf(at, expr.rangeMs, lookbackMs, boundaries), series }
  }

  #subquery(expr: Subquery): RangeVector {
    const windows = windowsOf(lookup(this.#grid, expr.offsetMs, this.#query.atMs(expr.at)), expr.rangeMs, this.#query.lookbackMs)
    const grid = this.#query.innerGrid(windows, expr.stepMs ?? SUBQUERY_STEP_MS)
    const inner = new Evaluator(this.#query, grid).vector(expr.expr)
    return subqueryRange(inner, grid, windows, (samples) => this.#query.keep(samples))
  }

  #negated(expr: Expr): LazySeries[] {
    const negate = (row: Row): void => {
      const { values } = row
      for (let i = 0; i < values.length; i++) values[i] = -(values[i] as number)
      if (!row.hasHistograms) return
      for (let i = 0; i < values.length; i++) {
        const histogram = row.histogramAt(i)
        if (histogram !== undefined) row.setHistogram(i, multiplied(histogram, -1))
      }
    }
    return mergeEqual(this.vector(expr).map((series) => mapValues(series, negate, this.#unnamed(series))))
  }

  #binary(expr: Binary): LazySeries[] {
    const { left, right, operator } = expr
    const context = { annotations: this.#query, unnamed: this.#unnamed }
    if (typeOf(left) === 'scalar') return vectorScalarBinary(expr, this.vector(right), { values: this.scalar(left), isLeft: true }, context)
    if (typeOf(right) === 'scalar') return vectorScalarBinary(expr, this.vector(left), { values: this.scalar(right), isLeft: false }, context)
    const { count } = this.#grid
    if (isSetOperator(operator)) return setOperation(expr, operator, this.vector(left), this.vector(right), count)
    const kept = materialise(this.vector(left), this.#keepRows)
    return vectorBinary(expr, kept, materialise(this.vector(right), this.#keepRows), count, this.#query)
  }

  #aggregate(expr: Aggregate): LazySeries[] {
    const { operator, parameter } = expr
    const all = this.vector(expr.expr)
    switch (operator) {
      case 'topk':
      case 'bottomk':
        return ranked(expr, this.#floats(expr, all), this.scalar(required(parameter)))
      case 'limitk':
        return limited(expr, materialise(all, this.#keepRows), this.scalar(required(parameter)))
      case 'limit_ratio': {
        const ratio = this.scalar(required(parameter))
        this.#warnRatio(required(parameter), ratio)
        return limitedByRatio(materialise(all, this.#keepRows), ratio)
      }
      case 'quantile': {
        const q = this.scalar(required(parameter))
        warnQuantile({ annotations: this.#query, arg: () => required(parameter) }, q)
        return groupQuantile(expr, this.#floats(expr, all), q)
      }
      case 'count_values':
        return countValues(expr, materialise(all, this.#keepRows), text(required(parameter)), this.#keepRows)
      default:
        return fold(expr, operator satisfies FoldingOperator, all, {
          count: this.#grid.count,
          annotations: this.#query,
          keepRows: this.#keepRows,
        })
    }
  }

  /** The rows of an aggregation that looks at floats only. */
  #floats(expr: Aggregate, all: readonly LazySeries[]): KeptSeries[] {
    const kept = materialise(all, this.#keepRows)
    for (const { row } of kept) ignoreHistograms(row, expr.operator, this.#query, expr.expr.place)
    return kept
  }

  #warnRatio(parameter: Expr, ratio: Float64Array): void {
    for (const value of ratio) {
      if (!(Math.abs(value) > 1)) continue
      const message = `ratio value should be between -1 and 1, got ${formatG(value)}, capping to ${Math.sign(value)}`
      this.#query.warn(message, parameter.place)
    }
  }

  readonly #unnamed = (series: SeriesIdentity): SeriesIdentity => {
    if (this.#query.delayedNameRemoval) return { labels: series.labels, dropsName: true }
    return { labels: this.#names.drop(series.labels) }
  }

  readonly #keepRows = (rows: number): void => {
    this.#query.keep(rows * this.#grid.count)
  }

  #callContext(call: Call): CallContext {
    const arg = (index: number): Expr => required(call.args[index])
    return {
      call,
      grid: this.#grid,
      instant: this.#query.grid.count === 1 && this.#query.grid.stepMs === 0,
      annotations: this.#query,
      queryGrid: this.#query.grid,
      delayedNameRemoval: this.#query.delayedNameRemoval,
      unnamed: this.#unnamed,
      shownName: (labels) => (this.#query.delayedNameRemoval ? labels.get('__name__') : ''),
      arg,
      vector: (index) => this.vector(arg(index)),
      scalar: (index) => this.scalar(arg(index)),
      string: (index) => text(arg(index)),
      range: (index) => this.range(arg(index)),
      sampleTimes: (index, which) => {
        const inner = unwrap(arg(index))
        return inner.kind === 'vector-selector' ? this.#selector(inner, which) : undefined
      },
      infoSeries: (matchers, like) => {
        const times = { offsetMs: like?.offsetMs ?? 0, at: like?.at }
        return this.#selector({ ...times, kind: 'vector-selector', name: '', matchers, boundaries: 'sampled', place: call.place }, 'sampled')
      },
      poll: () => this.#query.poll(),
      keepRows: this.#keepRows,
    }
  }
}

function identity({ labels, dropsName }: SeriesIdentity): SeriesIdentity {
  return { labels, dropsName: dropsName ?? false }
}

const BOUNDED: Readonly<Record<'anchored' | 'smoothed', readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
}

/** Refuses anchored and smoothed ranges under functions that have no meaning for them. */
function requireBoundaries(call: Call): void {
  for (const arg of call.args) {
    const inner = unwrap(arg)
    if (inner.kind !== 'matrix-selector' || inner.selector.boundaries === 'sampled') continue
    const names = BOUNDED[inner.selector.boundaries]
    if (names.includes(call.name)) continue
    const message = `${inner.selector.boundaries} modifier can only be used with: ${names.join(', ')} - not with ${call.name}`
    throw new EvaluationFailure('execution', message)
  }
}

function required(expr: Expr | undefined): Expr {
  assert(expr !== undefined, 'a type-checked expression has all its arguments')
  return expr
}

function text(expr: Expr): string {
  const inner = unwrap(expr)
  assert(inner.kind === 'string', `a ${inner.kind} is no string`)
  return inner.value
}

function repeated(first: Row, count: number): Row {
  if (first.has(0)) return Row.full(new Float64Array(count).fill(first.at(0)))
  const row = new Row(count)
  const histogram = first.histogramAt(0)
  if (histogram !== undefined) for (let i = 0; i < count; i++) row.setHistogram(i, histogram)
  return row
}
