import { assert } from '@signalbox/base'
import { type At, type Binary, type Expr, formatPlain, signatureOf, typeOf, type ValueType, type VectorSelector } from '@signalbox/promql'

const TYPES: Readonly<Record<ValueType, string>> = { scalar: 'scalar', string: 'string', 'instant vector': 'vector', 'range vector': 'matrix' }

/** The tree that `parse_query` answers. SOURCE: Prometheus web/api/v1/translate_ast.go. */
export function expressionJson(expr: Expr): unknown {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatPlain(expr.value) }
    case 'string':
      return { type: 'stringLiteral', val: expr.value }
    case 'vector-selector':
      return { type: 'vectorSelector', ...selectorJson(expr) }
    case 'matrix-selector':
      return { type: 'matrixSelector', range: expr.rangeMs, ...selectorJson(expr.selector) }
    case 'subquery':
      return {
        type: 'subquery',
        expr: expressionJson(expr.expr),
        range: expr.rangeMs,
        step: expr.stepMs ?? 0,
        offset: expr.offsetMs,
        ...momentJson(expr.at),
      }
    case 'paren':
      return { type: 'parenExpr', expr: expressionJson(expr.expr) }
    case 'unary':
      return { type: 'unaryExpr', op: expr.operator, expr: expressionJson(expr.expr) }
    case 'binary':
      return {
        type: 'binaryExpr',
        op: expr.operator,
        lhs: expressionJson(expr.left),
        rhs: expressionJson(expr.right),
        matching: matchingJson(expr),
        bool: expr.bool,
      }
    case 'call':
      return { type: 'call', func: functionJson(expr.name), args: expr.args.map(expressionJson) }
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.operator,
        expr: expressionJson(expr.expr),
        param: expr.parameter === undefined ? null : expressionJson(expr.parameter),
        grouping: expr.grouping,
        without: expr.without,
      }
  }
}

function selectorJson(selector: VectorSelector): object {
  const matchers = selector.matchers.map(({ name, operator, value }) => ({ name, value, type: operator }))
  return { name: selector.name, offset: selector.offsetMs, matchers, ...momentJson(selector.at) }
}

function momentJson(at: At | undefined): object {
  return { timestamp: at?.kind === 'time' ? at.timeMs : null, startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind }
}

/** As the engine sees it: two vectors always match somehow, anything else never does. */
function matchingJson(expr: Binary): unknown {
  if (typeOf(expr.left) !== 'instant vector' || typeOf(expr.right) !== 'instant vector') return null
  const { cardinality, labels, on, include, fillLeft, fillRight } = expr.matching ?? defaultMatching(expr)
  return { card: cardinality, labels, on, include, fillValues: { lhs: fillLeft ?? null, rhs: fillRight ?? null } }
}

function defaultMatching({ operator }: Binary): NonNullable<Binary['matching']> {
  const isSet = operator === 'and' || operator === 'or' || operator === 'unless'
  return { cardinality: isSet ? 'many-to-many' : 'one-to-one', labels: [], on: false, include: [], fillLeft: undefined, fillRight: undefined }
}

/** `variadic`: how many arguments may be left out at the end, -1 for any number of further ones. */
function functionJson(name: string): unknown {
  const signature = signatureOf(name)
  assert(signature !== undefined, 'a checked expression calls functions that exist')
  return {
    name,
    argTypes: signature.args.map((type) => TYPES[type]),
    variadic: signature.repeats ? -1 : signature.optional,
    returnType: TYPES[signature.returns],
  }
}
