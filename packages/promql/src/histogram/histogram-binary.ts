import type { BinaryOperator } from '../ast.ts'
import { added, type Combined, subtracted } from './combine.ts'
import { compacted, divided, equalHistograms, type FloatHistogram, multiplied } from './float-histogram.ts'
import { trimmed } from './trim.ts'

export type Operand = number | FloatHistogram

export interface HistogramNote {
  readonly kind: 'warn' | 'info'
  readonly message: string
}

/** The value of a pair; for comparisons whether it holds; undefined where there is none, which `note` then explains. */
interface PairResult {
  readonly value: Operand | boolean | undefined
  readonly note: HistogramNote | undefined
}

/**
 * An operator between two points of which at least one is a native histogram, or between floats where only histograms have a value.
 * SOURCE: prometheus promql/engine.go (vectorElemBinop), util/annotations.
 */
export function histogramPair(operator: BinaryOperator, left: Operand, right: Operand): PairResult {
  if (typeof left === 'number') {
    if (typeof right !== 'number' && operator === '*') return plain(compacted(multiplied(right, left)))
    return incompatible(operator, left, right)
  }
  if (typeof right !== 'number') return bothHistograms(operator, left, right)
  switch (operator) {
    case '*':
      return plain(compacted(multiplied(left, right)))
    case '/':
      return plain(compacted(divided(left, right)))
    case '</':
      return plain(trimmed(left, right, true))
    case '>/':
      return plain(trimmed(left, right, false))
    default:
      return incompatible(operator, left, right)
  }
}

function bothHistograms(operator: BinaryOperator, left: FloatHistogram, right: FloatHistogram): PairResult {
  switch (operator) {
    case '+':
      return combined(added(left, right), operator)
    case '-': {
      const result = combined(subtracted(left, right), operator)
      return typeof result.value === 'object' ? { ...result, value: { ...result.value, resetHint: 'gauge' } } : result
    }
    case '==':
      return plain(equalHistograms(left, right))
    case '!=':
      return plain(!equalHistograms(left, right))
    default:
      return incompatible(operator, left, right)
  }
}

function combined(result: Combined | undefined, operator: '+' | '-'): PairResult {
  if (result === undefined) {
    return { value: undefined, note: { kind: 'warn', message: `incompatible bucket layout encountered for binary operator ${operator}` } }
  }
  const value = compacted(result.histogram)
  const operation = operator === '+' ? 'addition' : 'subtraction'
  if (result.hintsCollide) return { value, note: { kind: 'warn', message: `conflicting counter resets during histogram ${operation}` } }
  if (!result.boundsReconciled) return plain(value)
  return { value, note: { kind: 'info', message: `mismatched custom buckets were reconciled during ${operation}` } }
}

function plain(value: Operand | boolean): PairResult {
  return { value, note: undefined }
}

function incompatible(operator: BinaryOperator, left: Operand, right: Operand): PairResult {
  const kind = (operand: Operand): string => (typeof operand === 'number' ? 'float' : 'histogram')
  const message = `incompatible sample types encountered for binary operator "${operator}": ${kind(left)} ${operator} ${kind(right)}`
  return { value: undefined, note: { kind: 'info', message } }
}
