import type { Reading } from '../expressions.ts'
import { modelVariable } from '../panel.ts'
import type { Dashboard, DashboardPlan, DashboardRow, Scope } from '../types.ts'

/** Llumnix writes milliseconds and percent; its dashboards show what it writes. */
export const asWritten: Reading = { unscaled: true }
/** Quantiles of the originals. */
export const spread = [0.5, 0.9, 0.95, 0.99]

/** The dialect's own names only: no other system has these series. */
function own(scope: Scope): Scope {
  return { ...scope, dialects: scope.dialects.filter((dialect) => dialect === 'llumnix' || dialect === 'go') }
}

/** A dashboard of Llumnix' names alone. */
export function llumnixPlan(uid: string, title: string, description: string, rowsOf: (scope: Scope) => DashboardRow[]): DashboardPlan {
  const build = (whole: Scope): Dashboard => {
    const scope = own(whole)
    const rows = rowsOf(scope)
    // A variable that no panel reads would be a choice without effect.
    const chooses = rows.some(({ panels }) => panels.some(({ queries }) => queries.some(({ expr }) => expr.includes(scope.model))))
    return {
      uid,
      title,
      description,
      tags: ['llm', 'llumnix'],
      refreshSeconds: 30,
      rangeSeconds: 3600,
      variables: chooses ? modelVariable(scope, 'gateway.responses', 'tracked.requests') : [],
      rows,
    }
  }
  return { uid, title, build }
}
