import { type Expr, parse } from '@signalbox/promql'

/** How many series a query answers now. */
export type Ask = (query: string) => Promise<number>

/**
 * Whether there is a reason in the data for `query` to answer nothing: a selector that no series matches, or a comparison that holds for
 * none. Without one, an empty answer means that the query is wrong: its sides do not match, or it adds up what is not there.
 */
export async function mayBeEmpty(query: string, ask: Ask): Promise<boolean> {
  const parsed = parse(query)
  if (!parsed.ok) throw new Error(`${query}: ${parsed.error.message}`)
  return visit(parsed.value)

  async function isEmpty({ place }: Expr): Promise<boolean> {
    return (await ask(query.slice(place.start, place.end))) === 0
  }

  async function visit(expr: Expr): Promise<boolean> {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return false
      case 'vector-selector':
        return isEmpty(expr)
      case 'matrix-selector':
        return isEmpty(expr.selector)
      case 'paren':
      case 'unary':
      case 'subquery':
      case 'aggregate':
        return visit(expr.expr)
      case 'call':
        return expr.name.startsWith('absent') || (await any(expr.args))
      case 'binary':
        switch (expr.operator) {
          case 'or':
            return (await visit(expr.left)) && (await visit(expr.right))
          case 'and':
          case 'unless':
          case '==':
          case '!=':
          case '<':
          case '>':
          case '<=':
          case '>=':
            return isEmpty(expr)
          default:
            return any([expr.left, expr.right])
        }
    }
  }

  async function any(parts: readonly Expr[]): Promise<boolean> {
    for (const part of parts) if (await visit(part)) return true
    return false
  }
}
