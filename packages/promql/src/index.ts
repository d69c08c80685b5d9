export { formatPlain } from './aggregate-select.ts'
export type {
  Aggregate,
  AggregateOperator,
  At,
  Binary,
  BinaryOperator,
  Boundaries,
  Call,
  ComparisonOperator,
  DurationExpr,
  DurationOperator,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Paren,
  Place,
  SetOperator,
  StringLiteral,
  Subquery,
  TrimOperator,
  Unary,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts'
export { evaluateInstant, evaluateRange, type TimeRange } from './evaluate.ts'
export type { FunctionSignature } from './functions/signature.ts'
export { signatureOf } from './functions/signature-of.ts'
export { allBuckets, type Bucket, type Buckets, closedBounds, type FloatHistogram, type ResetHint } from './histogram/float-histogram.ts'
export { compareLabels } from './labels-text.ts'
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
  ParseOptions,
  Queryable,
  QueryOutput,
  QueryValue,
  SeriesColumns,
  Span,
  VectorSample,
} from './types.ts'
