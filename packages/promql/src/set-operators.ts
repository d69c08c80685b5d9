import type { Binary, SetOperator } from './ast.ts'
import { bySignature, matchingOf, signature } from './binary.ts'
import type { KeptSeries } from './context.ts'
import { type LazySeries, mapValues, mergeEqual } from './series.ts'

/** `and`, `unless` and `or` between vectors: at each step a series counts by whether its signature is present on the other side. */
export function setOperation(
  expr: Binary,
  operator: SetOperator,
  left: readonly LazySeries[],
  right: readonly LazySeries[],
  count: number,
): LazySeries[] {
  const sign = signature(matchingOf(expr))
  if (operator === 'or') return union(expr, left, right, count)
  const others = presence(expr, right, count)
  const wanted = operator === 'and' ? 1 : 0
  return left.map((series) => {
    const other = others.get(sign(series.labels).key)
    return mapValues(series, (row) => {
      for (let i = 0; i < count; i++) if ((other?.[i] ?? 0) !== wanted) row.remove(i)
    })
  })
}

function union(expr: Binary, left: readonly LazySeries[], right: readonly LazySeries[], count: number): LazySeries[] {
  const sign = signature(matchingOf(expr))
  const kept: KeptSeries[] = left.map((series) => ({ labels: series.labels, dropsName: series.dropsName ?? false, row: series.row() }))
  const seen = presence(
    expr,
    kept.map(({ labels, row }) => ({ labels, row: () => row })),
    count,
  )
  const rest = right.map((series) => {
    const other = seen.get(sign(series.labels).key)
    return mapValues(series, (row) => {
      for (let i = 0; i < count; i++) if (other?.[i] === 1) row.remove(i)
    })
  })
  return mergeEqual([...kept.map(({ labels, dropsName, row }): LazySeries => ({ labels, dropsName: dropsName ?? false, row: () => row })), ...rest])
}

/** For each signature, at which steps any of its series has a point. */
function presence(expr: Binary, all: readonly LazySeries[], count: number): Map<string, Uint8Array> {
  const present = new Map<string, Uint8Array>()
  for (const [key, group] of bySignature(all, matchingOf(expr))) {
    const steps = new Uint8Array(count)
    for (const series of group) {
      const row = series.row()
      for (let i = 0; i < count; i++) if (row.hasPoint(i)) steps[i] = 1
    }
    present.set(key, steps)
  }
  return present
}
