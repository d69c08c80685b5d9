import { unreachable } from '@signalbox/base'
import type { BinaryOperator, ComparisonOperator, SetOperator, TrimOperator } from './ast.ts'

/** The result of an arithmetic operator, with Go's floating-point corner cases. */
export function arithmetic(operator: Exclude<BinaryOperator, ComparisonOperator | SetOperator | TrimOperator>): (a: number, b: number) => number {
  switch (operator) {
    case '+':
      return (a, b) => a + b
    case '-':
      return (a, b) => a - b
    case '*':
      return (a, b) => a * b
    case '/':
      return (a, b) => a / b
    case '%':
      return (a, b) => a % b
    case '^':
      return power
    case 'atan2':
      return Math.atan2
    default:
      return unreachable(operator)
  }
}

/** Whether a comparison holds; false with NaN on either side, but for `!=`. */
export function comparison(operator: ComparisonOperator): (a: number, b: number) => boolean {
  switch (operator) {
    case '==':
      return (a, b) => a === b
    case '!=':
      return (a, b) => a !== b
    case '<':
      return (a, b) => a < b
    case '>':
      return (a, b) => a > b
    case '<=':
      return (a, b) => a <= b
    case '>=':
      return (a, b) => a >= b
  }
}

/** Go's Pow: 1 to any power is 1, also NaN, and so is -1 to an infinite one; JavaScript answers NaN. */
export function power(base: number, exponent: number): number {
  if (base === 1) return 1
  if (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY) return 1
  return base ** exponent
}

/** Go's Max: an infinity wins over NaN. */
export function goMax(a: number, b: number): number {
  return a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.max(a, b)
}

/** Go's Min: a negative infinity wins over NaN. */
export function goMin(a: number, b: number): number {
  return a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : Math.min(a, b)
}

/**
 * The q-quantile of `values` (sorted in place, NaN first), interpolated between neighbours; NaN for no values or q NaN, -Inf below 0, +Inf above 1.
 * SOURCE: prometheus promql/quantile.go (quantile).
 */
export function quantile(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN
  if (q < 0) return Number.NEGATIVE_INFINITY
  if (q > 1) return Number.POSITIVE_INFINITY
  sortNaNFirst(values)
  const rank = q * (values.length - 1)
  const lower = Math.max(0, Math.floor(rank))
  const upper = Math.min(values.length - 1, lower + 1)
  const weight = rank - Math.floor(rank)
  return (values[lower] as number) * (1 - weight) + (values[upper] as number) * weight
}

function sortNaNFirst(values: Float64Array): void {
  // Typed arrays sort NaN last.
  values.sort()
  let numbers = values.length
  while (numbers > 0 && Number.isNaN(values[numbers - 1])) numbers--
  if (numbers === values.length) return
  values.copyWithin(values.length - numbers, 0, numbers)
  values.fill(Number.NaN, 0, values.length - numbers)
}
