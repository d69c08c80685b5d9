import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'

/** Any endpoint with the same chance. The draw is a term, because equal costs would go to the fewest in flight. */
export const random = definePolicy({
  type: 'random',
  stability: 'stable',
  description: 'Any endpoint, with the same chance.',
  terms: [{ id: 'draw', label: 'Draw', unit: 'none', group: 'order', description: 'A uniform random number; the smallest wins' }],
  create(raw, deps) {
    readParameters('random', raw, {})
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) terms.set(row, 0, deps.random.next())
      },
    }
  },
})
