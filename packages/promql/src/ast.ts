import type { Matcher, Span } from './types.ts'

/** The four types of PromQL, named as its error messages name them. */
export type ValueType = 'scalar' | 'instant vector' | 'range vector' | 'string'

/** Where an expression stands: the span, and line and column of its start, both from 1 (UTF-16 units). */
export interface Place extends Span {
  readonly line: number
  readonly column: number
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2' | ComparisonOperator | SetOperator
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>='
export type SetOperator = 'and' | 'or' | 'unless'
export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'

/** The argument of `@`. `start` and `end` are the ends of the whole query's range, also inside subqueries. */
export type At = { readonly kind: 'time'; readonly timeMs: number } | { readonly kind: 'start' } | { readonly kind: 'end' }

export interface NumberLiteral {
  readonly kind: 'number'
  readonly value: number
  /** Written as a duration (`5m`); the value is then in seconds. */
  readonly duration: boolean
  readonly place: Place
}

export interface StringLiteral {
  readonly kind: 'string'
  readonly value: string
  readonly place: Place
}

export interface VectorSelector {
  readonly kind: 'vector-selector'
  /** The name before the braces, '' when there is none. */
  readonly name: string
  /** All matchers, that of `name` included as the last one. */
  readonly matchers: readonly Matcher[]
  readonly offsetMs: number
  readonly at: At | undefined
  readonly place: Place
}

export interface MatrixSelector {
  readonly kind: 'matrix-selector'
  readonly selector: VectorSelector
  readonly rangeMs: number
  readonly place: Place
}

export interface Subquery {
  readonly kind: 'subquery'
  readonly expr: Expr
  readonly rangeMs: number
  /** undefined: the default step. */
  readonly stepMs: number | undefined
  readonly offsetMs: number
  readonly at: At | undefined
  readonly place: Place
}

export interface Paren {
  readonly kind: 'paren'
  readonly expr: Expr
  readonly place: Place
}

export interface Unary {
  readonly kind: 'unary'
  readonly operator: '+' | '-'
  readonly expr: Expr
  readonly place: Place
}

/** How the series of two vectors find each other. Absent between scalars. */
export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many'
  /** `labels` are compared (`on`) or left out of the comparison (`ignoring`). */
  readonly on: boolean
  readonly labels: readonly string[]
  /** Labels copied from the "one" side. */
  readonly include: readonly string[]
}

export interface Binary {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expr
  readonly right: Expr
  readonly bool: boolean
  /** As written; undefined when neither `on`, `ignoring` nor a group modifier was. */
  readonly matching: VectorMatching | undefined
  readonly place: Place
}

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expr[]
  readonly place: Place
}

export interface Aggregate {
  readonly kind: 'aggregate'
  readonly operator: AggregateOperator
  readonly expr: Expr
  readonly parameter: Expr | undefined
  readonly without: boolean
  readonly grouping: readonly string[]
  readonly place: Place
}

/** One expression; trees that `parse` answers are type-checked. */
export type Expr = NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | Subquery | Paren | Unary | Binary | Call | Aggregate

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return operator === '==' || operator === '!=' || operator === '<' || operator === '>' || operator === '<=' || operator === '>='
}

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return operator === 'and' || operator === 'or' || operator === 'unless'
}

/** The expression inside any parentheses. */
export function unwrap(expr: Expr): Exclude<Expr, Paren> {
  let inner = expr
  while (inner.kind === 'paren') inner = inner.expr
  return inner
}
