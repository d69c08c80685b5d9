import { type Binary, type Expr, isComparison, isSetOperator, unwrap, type ValueType } from './ast.ts'
import { functions } from './functions/registry.ts'
import type { FunctionSignature } from './functions/signature.ts'
import { ParseFailure } from './parse-failure.ts'
import { quote } from './quote.ts'

/** The type of a checked expression. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'vector-selector':
    case 'aggregate':
      return 'instant vector'
    case 'matrix-selector':
    case 'subquery':
      return 'range vector'
    case 'paren':
    case 'unary':
      return typeOf(expr.expr)
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'instant vector'
    case 'call':
      return functions.get(expr.name)?.returns ?? 'instant vector'
  }
}

/** Checks types, arities and modifiers, inner expressions first. Throws ParseFailure worded as Prometheus words it. */
export function checkTypes(expr: Expr): void {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return
    case 'paren':
      checkTypes(expr.expr)
      return
    case 'subquery':
      checkTypes(expr.expr)
      if (typeOf(expr.expr) !== 'instant vector') {
        throw new ParseFailure(`subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`, expr.place)
      }
      return
    case 'unary': {
      checkTypes(expr.expr)
      const type = typeOf(expr.expr)
      if (type !== 'scalar' && type !== 'instant vector') {
        throw new ParseFailure(`unary expression only allowed on expressions of type scalar or instant vector, got ${quote(type)}`, expr.place)
      }
      return
    }
    case 'binary':
      checkBinary(expr)
      return
    case 'aggregate':
      if (expr.parameter !== undefined) {
        checkTypes(expr.parameter)
        expectType(expr.parameter, expr.operator === 'count_values' ? 'string' : 'scalar', 'aggregation parameter')
      }
      checkTypes(expr.expr)
      expectType(expr.expr, 'instant vector', 'aggregation expression')
      return
    case 'call': {
      const signature = functions.get(expr.name)
      if (signature === undefined) throw new ParseFailure(`unknown function with name ${quote(expr.name)}`, expr.place)
      checkArity(expr, signature)
      for (let i = 0; i < expr.args.length; i++) {
        const arg = expr.args[i] as Expr
        checkTypes(arg)
        expectType(arg, signature.args[Math.min(i, signature.args.length - 1)] as ValueType, `call to function ${quote(expr.name)}`)
      }
    }
  }
}

function checkArity(expr: Expr & { kind: 'call' }, signature: FunctionSignature): void {
  const got = expr.args.length
  const least = signature.args.length - signature.optional
  const most = signature.repeats ? Number.POSITIVE_INFINITY : signature.args.length
  if (got >= least && got <= most) return
  const wanted =
    signature.optional === 0 && !signature.repeats
      ? `expected ${least} argument(s)`
      : got < least
        ? `expected at least ${least} argument(s)`
        : `expected at most ${most} argument(s)`
  throw new ParseFailure(`${wanted} in call to ${quote(expr.name)}, got ${got}`, expr.place)
}

function expectType(expr: Expr, wanted: ValueType, context: string): void {
  const type = typeOf(expr)
  if (type !== wanted) throw new ParseFailure(`expected type ${wanted} in ${context}, got ${type}`, expr.place)
}

function checkBinary(expr: Binary): void {
  checkTypes(expr.left)
  checkTypes(expr.right)
  const left = typeOf(expr.left)
  const right = typeOf(expr.right)
  for (const [type, side] of [[left, expr.left] as const, [right, expr.right] as const]) {
    if (type === 'scalar' || type === 'instant vector') continue
    throw new ParseFailure('binary expression must contain only scalar and instant vector types', unwrap(side).place)
  }
  if (expr.bool && !isComparison(expr.operator)) throw new ParseFailure('bool modifier can only be used on comparison operators', expr.place)
  if (isComparison(expr.operator) && !expr.bool && left === 'scalar' && right === 'scalar') {
    throw new ParseFailure('comparisons between scalars must use BOOL modifier', expr.place)
  }
  if (left === 'instant vector' && right === 'instant vector') return
  if (expr.matching !== undefined && expr.matching.labels.length > 0) {
    throw new ParseFailure('vector matching only allowed between instant vectors', expr.place)
  }
  if (isSetOperator(expr.operator)) throw new ParseFailure(`set operator ${quote(expr.operator)} not allowed in binary scalar expression`, expr.place)
}
