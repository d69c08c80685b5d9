/** Uniform random numbers as a port: the seeded one makes a simulation repeatable. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/**
 * Mulberry32 (public domain, T. Ettinger): 32 bits of state, period 2^32, passes gjrand's basic
 * battery. Enough for tie-breaks, sampling and simulated lengths; not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next(): number {
      state = (state + 0x6d2b79f5) >>> 0
      let t = state
      t = Math.imul(t ^ (t >>> 15), t | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    },
  }
}

/** An exponentially distributed number with the given mean (> 0): inter-arrival times of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next())
}

/** A normally distributed number by Box-Muller. */
export function normal(random: Random, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()))
  return mean + deviation * radius * Math.cos(2 * Math.PI * random.next())
}
