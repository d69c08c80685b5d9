import { Labels } from '@signalbox/base'
import { type Expr, unwrap } from '../ast.ts'
import type { CallContext } from '../context.ts'
import { type LazySeries, Row } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'
import { overRange, windowRow } from './window.ts'

function absentOverTime(call: CallContext): LazySeries[] {
  return absentOf(
    call,
    overRange(call, call.range(0), (samples, windows) => windowRow(samples, windows, () => 1), true),
  )
}

/** 1 at every step at which none of `all` has a point, labelled by what the argument's equality matchers say. */
function absentOf(call: CallContext, all: readonly LazySeries[]): LazySeries[] {
  return [
    {
      labels: labelsOfAbsent(call.arg(0)),
      row() {
        const row = Row.full(new Float64Array(call.grid.count).fill(1))
        for (const series of all) {
          const { present } = series.row()
          for (let i = 0; i < present.length; i++) if (present[i] !== 0) row.remove(i)
        }
        return row
      },
    },
  ]
}

function labelsOfAbsent(arg: Expr): Labels {
  const inner = unwrap(arg)
  const selector = inner.kind === 'matrix-selector' ? inner.selector : inner
  if (selector.kind !== 'vector-selector') return Labels.empty
  const seen = new Set<string>()
  const pairs = new Map<string, string>()
  for (const { name, operator, value } of selector.matchers) {
    if (name === '__name__') continue
    if (operator === '=' && !seen.has(name)) {
      pairs.set(name, value)
      seen.add(name)
    } else pairs.delete(name)
  }
  return Labels.from(pairs)
}

export const absentFunctions: readonly FunctionDefinition[] = [
  vectorFunction('absent', ['instant vector'], (call) => absentOf(call, call.vector(0))),
  vectorFunction('absent_over_time', ['range vector'], absentOverTime),
]
