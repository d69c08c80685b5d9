import type { DialectEntry } from './types.ts'

/** The signal label that names the tenant. */
const TENANT = 'fairness_id'

/** The entries, with histograms that do not tell tenants apart: a tenant's whole set of buckets is what a label costs most. Other labels stay exact. */
export function withoutTenantLabels(entries: readonly DialectEntry[]): readonly DialectEntry[] {
  return entries.map((entry) =>
    entry.type === 'histogram' && entry.labels.some(({ from }) => from === TENANT)
      ? { ...entry, labels: entry.labels.filter(({ from }) => from !== TENANT) }
      : entry,
  )
}

/**
 * The entries, with further bounds for those histograms that `extra` names, in the dialect's unit (positive, finite, in any
 * order): an objective is exact only where a bucket ends at it. Throws for a name that is no histogram among the entries.
 */
export function withBounds(entries: readonly DialectEntry[], extra: Readonly<Record<string, readonly number[]>>): readonly DialectEntry[] {
  for (const [name, bounds] of Object.entries(extra)) {
    if (!entries.some((entry) => entry.name === name && entry.type === 'histogram'))
      throw new Error(`no histogram is called ${name}: its bounds have no place`)
    const wrong = bounds.find((bound) => !(bound > 0 && bound < Infinity))
    if (wrong !== undefined) throw new Error(`a bound of ${name} is ${wrong}: bounds are positive and finite`)
  }
  return entries.map((entry) => {
    const further = Object.hasOwn(extra, entry.name) ? extra[entry.name] : undefined
    if (further === undefined) return entry
    return { ...entry, bounds: [...new Set([...(entry.bounds ?? []), ...further])].sort((a, b) => a - b) }
  })
}
