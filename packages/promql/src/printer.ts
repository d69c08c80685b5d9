import { formatPlain } from './aggregate-select.ts'
import type { Aggregate, At, Binary, DurationExpr, Expr, NumberLiteral, Subquery, VectorMatching, VectorSelector } from './ast.ts'
import { formatDuration } from './duration.ts'
import { quote } from './quote.ts'

/** The expression's text in Prometheus's canonical form, matchers sorted; for a tree from `parse` it parses back to the same tree but for their order. */
export function format(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return formatNumber(expr)
    case 'string':
      return quote(expr.value)
    case 'vector-selector':
      return selector(expr, '')
    case 'matrix-selector':
      return selector(expr.selector, `[${span(expr.rangeMs, expr.rangeExpr)}]`)
    case 'subquery':
      return formatSubquery(expr)
    case 'paren':
      return `(${format(expr.expr)})`
    case 'unary':
      return `${expr.operator}${format(expr.expr)}`
    case 'binary':
      return formatBinary(expr)
    case 'call':
      return `${expr.name}(${expr.args.map(format).join(', ')})`
    case 'aggregate':
      return formatAggregate(expr)
  }
}

function formatNumber(expr: NumberLiteral): string {
  if (expr.duration && Math.abs(expr.value) < Number.MAX_SAFE_INTEGER / 1000) {
    const sign = expr.value < 0 || Object.is(expr.value, -0) ? '-' : ''
    return sign + formatDuration(Math.round(Math.abs(expr.value) * 1000))
  }
  return formatFloat(expr.value)
}

function formatFloat(value: number): string {
  // Without a sign: `+Inf ^ 2` would be a plus before a power.
  if (value === Number.POSITIVE_INFINITY) return 'Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return Object.is(value, -0) ? '-0' : formatPlain(value)
}

function selector(expr: VectorSelector, range: string): string {
  const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(expr.name)
  const matchers: string[] = []
  for (const matcher of expr.matchers) {
    if (expr.name !== '' && matcher.name === '__name__') continue
    matchers.push(`${label(matcher.name)}${matcher.operator}${quote(matcher.value)}`)
  }
  const parts = [...(plain || expr.name === '' ? [] : [quote(expr.name)]), ...matchers.sort()]
  const braces = parts.length > 0 || !plain ? `{${parts.join(',')}}` : ''
  return `${plain ? expr.name : ''}${braces}${range}${modifiers(expr)}${expr.boundaries === 'sampled' ? '' : ` ${expr.boundaries}`}`
}

function label(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quote(name)
}

interface Modified {
  readonly at: At | undefined
  readonly offsetMs: number
  readonly offsetExpr?: DurationExpr | undefined
}

function modifiers({ at, offsetMs, offsetExpr }: Modified): string {
  const moment = at === undefined ? '' : at.kind === 'time' ? ` @ ${(at.timeMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`
  if (offsetExpr !== undefined) return `${moment} offset ${formatDurationExpr(offsetExpr)}`
  const offset = offsetMs === 0 ? '' : ` offset ${offsetMs < 0 ? '-' : ''}${formatDuration(Math.abs(offsetMs))}`
  return moment + offset
}

function formatSubquery(expr: Subquery): string {
  const step = expr.stepMs === undefined ? '' : span(expr.stepMs, expr.stepExpr)
  return `${format(expr.expr)}[${span(expr.rangeMs, expr.rangeExpr)}:${step}]${modifiers(expr)}`
}

function span(ms: number, expr: DurationExpr | undefined): string {
  return expr === undefined ? formatDuration(ms) : formatDurationExpr(expr)
}

function formatDurationExpr(expr: DurationExpr): string {
  switch (expr.kind) {
    case 'literal':
      return expr.duration ? formatDuration(Math.round(expr.seconds * 1000)) : formatFloat(expr.seconds)
    case 'step':
    case 'range':
      return `${expr.kind}()`
    case 'paren':
      return `(${formatDurationExpr(expr.inner)})`
    case 'unary':
      return `${expr.operator}${formatDurationExpr(expr.operand)}`
    case 'binary': {
      const [left, right] = [formatDurationExpr(expr.left), formatDurationExpr(expr.right)]
      if (expr.operator === 'min_of' || expr.operator === 'max_of') return `${expr.operator}(${left}, ${right})`
      return `${left} ${expr.operator} ${right}`
    }
  }
}

function formatBinary(expr: Binary): string {
  let middle = expr.operator + (expr.bool ? ' bool' : '')
  const { matching } = expr
  if (matching !== undefined) middle += formatMatching(matching)
  return `${format(expr.left)} ${middle} ${format(expr.right)}`
}

function formatMatching(matching: VectorMatching): string {
  let middle = ''
  // A fill alone needs no list of labels.
  if (matching.on || matching.labels.length > 0 || matching.cardinality !== 'one-to-one' || !isFilled(matching)) {
    middle += ` ${matching.on ? 'on' : 'ignoring'} (${matching.labels.map(label).join(', ')})`
    if (matching.cardinality === 'many-to-one') middle += ` group_left (${matching.include.map(label).join(', ')})`
    if (matching.cardinality === 'one-to-many') middle += ` group_right (${matching.include.map(label).join(', ')})`
  }
  return middle + formatFill(matching)
}

function isFilled({ fillLeft, fillRight }: VectorMatching): boolean {
  return fillLeft !== undefined || fillRight !== undefined
}

function formatFill({ fillLeft, fillRight }: VectorMatching): string {
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) return ` fill (${formatFloat(fillLeft)})`
  const left = fillLeft === undefined ? '' : ` fill_left (${formatFloat(fillLeft)})`
  return fillRight === undefined ? left : `${left} fill_right (${formatFloat(fillRight)})`
}

function formatAggregate(expr: Aggregate): string {
  const labels = expr.grouping.map(label).join(', ')
  const grouping = expr.without ? ` without (${labels}) ` : expr.grouping.length > 0 ? ` by (${labels}) ` : ''
  const parameter = expr.parameter === undefined ? '' : `${format(expr.parameter)}, `
  return `${expr.operator}${grouping}(${parameter}${format(expr.expr)})`
}
