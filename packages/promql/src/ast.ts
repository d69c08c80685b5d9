import type { Matcher, Span } from './types.ts'

/** The four types of PromQL, named as its error messages name them. */
export type ValueType = 'scalar' | 'instant vector' | 'range vector' | 'string'

/** Where an expression stands: the span, and line and column of its start, both from 1 (UTF-16 units). */
export interface Place extends Span {
  readonly line: number
  readonly column: number
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2' | ComparisonOperator | TrimOperator | SetOperator
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>='
/** What is left of a histogram above (`>/`) or below (`</`) a bound. */
export type TrimOperator = '>/' | '</'
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
  | 'limitk'
  | 'limit_ratio'

/** The argument of `@`. `start` and `end` are the ends of the whole query's range, also inside subqueries. */
export type At = { readonly kind: 'time'; readonly timeMs: number } | { readonly kind: 'start' } | { readonly kind: 'end' }

/** A length of time that is computed, in seconds: in brackets or after `offset`. */
export type DurationExpr =
  | { readonly kind: 'literal'; readonly seconds: number; readonly duration: boolean; readonly place: Place }
  | { readonly kind: 'step' | 'range'; readonly place: Place }
  | { readonly kind: 'paren'; readonly inner: DurationExpr; readonly place: Place }
  | { readonly kind: 'unary'; readonly operator: '+' | '-'; readonly operand: DurationExpr; readonly place: Place }
  | { readonly kind: 'binary'; readonly operator: DurationOperator; readonly left: DurationExpr; readonly right: DurationExpr; readonly place: Place }

export type DurationOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of'

/** How a selector treats the ends of its window: as sampled, from the sample before it, or interpolated at both. */
export type Boundaries = 'sampled' | 'anchored' | 'smoothed'

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
  /** As written, where the offset is computed; `offsetMs` is 0 until `resolveDurations`. */
  readonly offsetExpr?: DurationExpr | undefined
  readonly at: At | undefined
  readonly boundaries: Boundaries
  readonly place: Place
}

export interface MatrixSelector {
  readonly kind: 'matrix-selector'
  readonly selector: VectorSelector
  readonly rangeMs: number
  readonly rangeExpr?: DurationExpr | undefined
  readonly place: Place
}

export interface Subquery {
  readonly kind: 'subquery'
  readonly expr: Expr
  readonly rangeMs: number
  readonly rangeExpr?: DurationExpr | undefined
  /** undefined: the default step. */
  readonly stepMs: number | undefined
  readonly stepExpr?: DurationExpr | undefined
  readonly offsetMs: number
  readonly offsetExpr?: DurationExpr | undefined
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
  /** What stands for a series that the left or the right side lacks. */
  readonly fillLeft: number | undefined
  readonly fillRight: number | undefined
}

export interface Binary {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expr
  readonly right: Expr
  readonly bool: boolean
  /** As written; undefined when neither `on`, `ignoring`, a group modifier nor a fill modifier was. */
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

export function isTrim(operator: BinaryOperator): operator is TrimOperator {
  return operator === '>/' || operator === '</'
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
