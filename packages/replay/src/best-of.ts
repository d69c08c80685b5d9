import { intervalOf } from './statistics.ts'

/** What one competitor came to under each seed, by seed; runs without a value are left out. */
export type SeedValues = ReadonlyMap<number, number>

/**
 * Which competitors have the best mean, or are not told apart from the one that has: their places in the list. Two are compared seed by
 * seed, because what a seed decides (arrivals, lengths, noise) is the same for both: they are told apart where the 95 % interval of the
 * differences lies beyond zero. Of a single common seed any difference counts, without one none does. Empty where that takes in
 * everybody, or there is one alone: then nobody is better.
 * SOURCE: paired t interval under common random numbers (Law, Simulation Modeling and Analysis, §10.2 and §11.2).
 */
export function bestOf(competitors: readonly SeedValues[], better: 'less' | 'more'): readonly number[] {
  const sign = better === 'less' ? 1 : -1
  const known = competitors.flatMap((values, place) => (values.size === 0 ? [] : [{ place, values, score: sign * mean(values) }]))
  const [first, ...others] = known
  if (first === undefined || others.length === 0) return []
  const leader = others.reduce((best, other) => (other.score < best.score ? other : best), first)
  const best = known.filter(({ values }) => !isWorse(values, leader.values, sign))
  return best.length === known.length ? [] : best.map(({ place }) => place)
}

/** Whether `a` costs more than `b` beyond doubt; `sign` makes costs of values. */
function isWorse(a: SeedValues, b: SeedValues, sign: number): boolean {
  const excess = [...a].flatMap(([seed, value]) => {
    const other = b.get(seed)
    return other === undefined ? [] : [sign * (value - other)]
  })
  const { mean, low } = intervalOf(excess)
  return excess.length === 1 ? mean > 0 : low > 0
}

function mean(values: SeedValues): number {
  return intervalOf([...values.values()]).mean
}
