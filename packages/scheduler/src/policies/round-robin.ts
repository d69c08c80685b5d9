import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'

/**
 * Each endpoint in its turn: the one that was sent a request longest ago. Without a pointer into a list that
 * changes under it, so endpoints that come, go or are held out keep the turns of the others even.
 */
export const roundRobin = definePolicy({
  type: 'round-robin',
  stability: 'stable',
  description: 'Each endpoint in its turn, whatever its load.',
  terms: [
    { id: 'turn', label: 'Last turn', unit: 'none', group: 'order', description: 'Number of the last request sent there; the oldest turn is next' },
  ],
  create(raw) {
    readParameters('round-robin', raw, {})
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) terms.set(row, 0, evidence.lastTurn(row))
      },
    }
  },
})
