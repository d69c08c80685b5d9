import { uncachedTokens } from '../estimates.ts'
import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'

/**
 * The longest predicted hit and nothing else. Prompts that all begin alike all go to one endpoint: it is there to compare
 * with, and for fleets whose engines are far from saturated.
 */
export const longestPrefix = definePolicy({
  type: 'longest-prefix',
  stability: 'stable',
  description: 'The endpoint that probably has the longest beginning of the prompt cached, whatever its load.',
  terms: [
    {
      id: 'uncached',
      label: 'Tokens not cached',
      unit: 'none',
      group: 'order',
      description: 'Prompt tokens that the endpoint probably has not cached; the fewest win',
    },
  ],
  create(raw) {
    readParameters('longest-prefix', raw, {})
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) terms.set(row, 0, uncachedTokens(evidence, row))
      },
    }
  },
})
