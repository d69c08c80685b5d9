import { type Binary, type Expr, isComparison, isSetOperator, isTrim, unwrap, type ValueType, type VectorSelector } from './ast.ts'
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

/** Refuses a selector that selects everything. */
export function requireMatcher(selector: VectorSelector): void {
  if (selector.matchers.some((matcher) => !matcher.matches(''))) return
  throw new ParseFailure('vector selector must contain at least one non-empty matcher', selector.place)
}

/**
 * Checks types, arities and modifiers, inner expressions first. Throws ParseFailure worded as Prometheus words it. Experimental functions
 * are refused unless `experimental`.
 */
export function checkTypes(expr: Expr, experimental: boolean): void {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return
    case 'vector-selector':
      requireMatcher(expr)
      return
    case 'matrix-selector':
      requireMatcher(expr.selector)
      return
    case 'paren':
      checkTypes(expr.expr, experimental)
      return
    case 'subquery':
      checkTypes(expr.expr, experimental)
      if (typeOf(expr.expr) !== 'instant vector') {
        throw new ParseFailure(`subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`, expr.place)
      }
      return
    case 'unary': {
      checkTypes(expr.expr, experimental)
      const type = typeOf(expr.expr)
      if (type !== 'scalar' && type !== 'instant vector') {
        throw new ParseFailure(`unary expression only allowed on expressions of type scalar or instant vector, got ${quote(type)}`, expr.place)
      }
      return
    }
    case 'binary':
      checkBinary(expr, experimental)
      return
    case 'aggregate':
      if (expr.parameter !== undefined) {
        checkTypes(expr.parameter, experimental)
        expectType(expr.parameter, expr.operator === 'count_values' ? 'string' : 'scalar', 'aggregation parameter')
      }
      checkTypes(expr.expr, experimental)
      expectType(expr.expr, 'instant vector', 'aggregation expression')
      return
    case 'call': {
      const signature = functions.get(expr.name)
      if (signature === undefined) throw new ParseFailure(`unknown function with name ${quote(expr.name)}`, expr.place)
      if (signature.experimental && !experimental) throw new ParseFailure(`function ${quote(expr.name)} is not enabled`, expr.place)
      checkArity(expr, signature)
      for (let i = 0; i < expr.args.length; i++) {
        const arg = expr.args[i] as Expr
        if (signature.labelSelector === i) {
          requireLabelSelector(arg)
          continue
        }
        checkTypes(arg, experimental)
        expectType(arg, signature.args[Math.min(i, signature.args.length - 1)] as ValueType, `call to function ${quote(expr.name)}`)
      }
    }
  }
}

/** Braces without a name: matchers that choose labels, so that none need be of a value. */
function requireLabelSelector(arg: Expr): void {
  if (arg.kind === 'vector-selector' && arg.name === '' && arg.offsetMs === 0 && arg.at === undefined) return
  throw new ParseFailure('expected label selectors only', arg.place)
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

function checkBinary(expr: Binary, experimental: boolean): void {
  checkTypes(expr.left, experimental)
  checkTypes(expr.right, experimental)
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
  if (expr.matching?.fillLeft !== undefined || expr.matching?.fillRight !== undefined) {
    throw new ParseFailure('filling in missing series only allowed between instant vectors', expr.place)
  }
  if (isTrim(expr.operator) && left === 'scalar') {
    throw new ParseFailure(`operator ${quote(expr.operator)} not allowed for Scalar operations`, expr.place)
  }
  if (isSetOperator(expr.operator)) throw new ParseFailure(`set operator ${quote(expr.operator)} not allowed in binary scalar expression`, expr.place)
}
