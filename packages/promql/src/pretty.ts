import type { Aggregate, Binary, Call, Expr, Paren, Subquery } from './ast.ts'
import { format } from './printer.ts'

/** Longer expressions are broken. SOURCE: Prometheus promql/parser/prettier.go (maxCharactersPerLine). */
const LINE_BYTES_MAX = 100

/** Stands for the inner expression while the text around it is looked for; no expression contains it. */
const HOLE: Expr = { kind: 'string', value: '\u0000', place: { start: 0, end: 0, line: 1, column: 1 } }

/**
 * The expression's text in Prometheus's form for people: as `format`, and what is longer than 100 bytes broken over lines, two spaces a
 * level. Parses back to the same tree.
 */
export function pretty(expr: Expr): string {
  return broken(expr, 0)
}

function broken(expr: Expr, level: number): string {
  const indent = '  '.repeat(level)
  switch (expr.kind) {
    case 'unary':
      return `${indent}${expr.operator}${broken(expr.expr, level).trimStart()}`
    case 'subquery':
      // One that fits carries no indent of its own; Prometheus prints it so.
      return fits(expr) ? format(expr) : `${broken(expr.expr, level)}${afterSubquery(expr)}`
    case 'aggregate':
    case 'binary':
    case 'call':
    case 'paren':
      return fits(expr) ? indent + format(expr) : split(expr, level)
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return indent + format(expr)
  }
}

function split(expr: Aggregate | Binary | Call | Paren, level: number): string {
  const indent = '  '.repeat(level)
  switch (expr.kind) {
    case 'aggregate': {
      const parameter = expr.parameter === undefined ? '' : `${broken(expr.parameter, level + 1)},\n`
      return `${indent}${beforeAggregate(expr)}(\n${parameter}${broken(expr.expr, level + 1)}\n${indent})`
    }
    case 'binary':
      return `${broken(expr.left, level + 1)}\n${indent}${betweenOperands(expr)}\n${broken(expr.right, level + 1)}`
    case 'call':
      return `${indent}${expr.name}(\n${expr.args.map((arg) => broken(arg, level + 1)).join(',\n')}\n${indent})`
    case 'paren':
      return `${indent}(\n${broken(expr.expr, level + 1)}\n${indent})`
  }
}

function fits(expr: Expr): boolean {
  const text = format(expr)
  return text.length <= LINE_BYTES_MAX && new TextEncoder().encode(text).length <= LINE_BYTES_MAX
}

/** `sum by (job) ` */
function beforeAggregate(expr: Aggregate): string {
  const text = format({ ...expr, expr: HOLE, parameter: undefined })
  return text.slice(0, text.indexOf(`(${format(HOLE)})`))
}

/** `/ on (job) group_left ()` */
function betweenOperands(expr: Binary): string {
  const hole = format(HOLE)
  return format({ ...expr, left: HOLE, right: HOLE }).slice(hole.length + 1, -hole.length - 1)
}

/** `[5m:1m] offset 1h` */
function afterSubquery(expr: Subquery): string {
  return format({ ...expr, expr: HOLE }).slice(format(HOLE).length)
}
