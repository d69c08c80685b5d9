import { assert, unreachable } from '@signalbox/base'
import { type FoldingOperator, fold } from './aggregate.ts'
import { countValues, groupQuantile, ranked } from './aggregate-select.ts'
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
import { type CallContext, materialise, type RangeVector } from './context.ts'
import { warnQuantile } from './functions/over-time.ts'
import { functions } from './functions/registry.ts'
import type { Query } from './query.ts'
import { instantRow, lookup, subqueryRange, windowsOf, withoutStale } from './select.ts'
import { type Grid, type LazySeries, mapValues, mergeEqual, Row, withoutName } from './series.ts'
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

  constructor(query: Query, grid: Grid) {
    this.#query = query
    this.#grid = grid
  }

  vector(expr: Expr): LazySeries[] {
    const { count } = this.#grid
    if (count === 0) return []
    if (count === 1 || !isStepInvariant(expr)) return this.#vectorAtEachStep(expr)
    const once = new Evaluator(this.#query, { ...this.#grid, count: 1 })
    return once.vector(expr).map((series) => ({ labels: series.labels, row: () => repeated(series.row(), count) }))
  }

  #vectorAtEachStep(expr: Expr): LazySeries[] {
    switch (expr.kind) {
      case 'paren':
        return this.vector(expr.expr)
      case 'vector-selector':
        return this.#selector(expr, false)
      case 'unary':
        return expr.operator === '+' ? this.vector(expr.expr) : this.#negated(expr.expr)
      case 'binary':
        return this.#binary(expr)
      case 'aggregate':
        return this.#aggregate(expr)
      case 'call': {
        const definition = functions.get(expr.name)
        assert(definition?.returns === 'instant vector', `${expr.name} does not answer a vector`)
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

  #selector(expr: VectorSelector, times: boolean): LazySeries[] {
    const query = this.#query
    const at = lookup(this.#grid, expr.offsetMs, query.atMs(expr.at))
    return query.select(expr, at, query.lookbackMs).map((columns) => ({
      labels: columns.labels,
      row() {
        query.poll()
        return instantRow(columns, at, query.lookbackMs, times)
      },
    }))
  }

  #matrix(expr: MatrixSelector): RangeVector {
    const query = this.#query
    const { selector } = expr
    const at = lookup(this.#grid, selector.offsetMs, query.atMs(selector.at))
    const series = query.select(selector, at, expr.rangeMs).map((columns) => ({
      labels: columns.labels,
      samples() {
        query.poll()
        return withoutStale(columns)
      },
    }))
    return { windows: windowsOf(at, expr.rangeMs), series }
  }

  #subquery(expr: Subquery): RangeVector {
    const windows = windowsOf(lookup(this.#grid, expr.offsetMs, this.#query.atMs(expr.at)), expr.rangeMs)
    const grid = this.#query.innerGrid(windows, expr.stepMs ?? SUBQUERY_STEP_MS)
    const inner = new Evaluator(this.#query, grid).vector(expr.expr)
    return subqueryRange(inner, grid, windows, (samples) => this.#query.keep(samples))
  }

  #negated(expr: Expr): LazySeries[] {
    const negate = ({ values }: Row): void => {
      for (let i = 0; i < values.length; i++) values[i] = -(values[i] as number)
    }
    return mergeEqual(this.vector(expr).map((series) => mapValues(series, negate, withoutName(series.labels))))
  }

  #binary(expr: Binary): LazySeries[] {
    const { left, right, operator } = expr
    if (typeOf(left) === 'scalar') return vectorScalarBinary(expr, this.vector(right), this.scalar(left), true)
    if (typeOf(right) === 'scalar') return vectorScalarBinary(expr, this.vector(left), this.scalar(right), false)
    const { count } = this.#grid
    if (isSetOperator(operator)) return setOperation(expr, operator, this.vector(left), this.vector(right), count)
    return vectorBinary(expr, materialise(this.vector(left), this.#keepRows), materialise(this.vector(right), this.#keepRows), count)
  }

  #aggregate(expr: Aggregate): LazySeries[] {
    const { operator, parameter } = expr
    const all = this.vector(expr.expr)
    switch (operator) {
      case 'topk':
      case 'bottomk':
        return ranked(expr, materialise(all, this.#keepRows), this.scalar(required(parameter)))
      case 'quantile': {
        const q = this.scalar(required(parameter))
        warnQuantile({ annotations: this.#query, arg: () => required(parameter) }, q)
        return groupQuantile(expr, materialise(all, this.#keepRows), q)
      }
      case 'count_values':
        return countValues(expr, materialise(all, this.#keepRows), text(required(parameter)), this.#keepRows)
      default:
        return fold(expr, operator satisfies FoldingOperator, all, this.#grid.count, this.#keepRows)
    }
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
      arg,
      vector: (index) => this.vector(arg(index)),
      scalar: (index) => this.scalar(arg(index)),
      string: (index) => text(arg(index)),
      range: (index) => this.range(arg(index)),
      sampleTimes: (index) => {
        const inner = unwrap(arg(index))
        return inner.kind === 'vector-selector' ? this.#selector(inner, true) : undefined
      },
      keepRows: this.#keepRows,
    }
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
  const row = new Row(count)
  if (!first.has(0)) return row
  row.values.fill(first.at(0))
  row.present.fill(1)
  return row
}
