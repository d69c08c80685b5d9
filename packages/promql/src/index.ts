export { formatPlain } from './aggregate-select.ts'
export type {
  Aggregate,
  AggregateOperator,
  At,
  Binary,
  BinaryOperator,
  Call,
  ComparisonOperator,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Paren,
  Place,
  SetOperator,
  StringLiteral,
  Subquery,
  Unary,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts'
export { evaluateInstant, evaluateRange, type TimeRange } from './evaluate.ts'
export type { FunctionSignature } from './functions/signature.ts'
export { signatureOf } from './functions/signature-of.ts'
export { parse, parseSelector } from './parser.ts'
export { pretty } from './pretty.ts'
export { format } from './printer.ts'
export { isStale, staleNaN } from './stale.ts'
export { typeOf } from './type-check.ts'
export type {
  EvaluationError,
  EvaluationLimits,
  EvaluationOptions,
  Matcher,
  MatchOperator,
  ParseError,
  Queryable,
  QueryOutput,
  QueryValue,
  SeriesColumns,
  Span,
  VectorSample,
} from './types.ts'
