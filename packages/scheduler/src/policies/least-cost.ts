import { decodingStreams, queuedTokens, uncachedTokens, waitSeconds } from '../estimates.ts'
import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'
import type { TermInfo } from '../types.ts'

function seconds(id: string, label: string, group: TermInfo['group'], description: string): TermInfo {
  return { id, label, unit: 'seconds', group, description }
}

/**
 * Load and cache affinity in one unit, seconds of everybody's time:
 *
 *     cost = A + (Q + u·(1 + ξ·n)) / µ + γ·ô·κ·n + L
 *
 * `estimates.ts` defines A, Q, u and n over the evidence; µ, ô, κ and L are columns of it.
 * Parameters: `stallPrice` (ξ, 0.1) is the price of stalling one running stream for a second, `decodeWeight`
 * (γ, 1) the weight of the own decode among n others.
 */
export const leastCost = definePolicy({
  type: 'least-cost',
  stability: 'stable',
  description: "The least seconds of everybody's time: own time to first token, stall of the running streams, own decode.",
  terms: [
    seconds('wait', 'Wait for memory or a slot', 'ttft', 'KV tokens short over tokens freed a second, or slots short over finishes a second'),
    seconds('queue', 'Queue ahead', 'ttft', 'Uncached tokens that are ahead, over the prefill rate'),
    seconds('prefill', 'Own prefill', 'ttft', 'Uncached tokens of this request, over the prefill rate'),
    seconds('adapter', 'Adapter load', 'ttft', 'Time to load the adapter where it is not loaded'),
    seconds('stall', 'Cost to others', 'others', 'Stall of the streams that decode there while this prompt is computed, at its price'),
    seconds('decode', 'Own decode', 'own-decode', 'What the streams that decode there add to the decode of this request'),
  ],
  create(raw) {
    const { stallPrice, decodeWeight } = readParameters('least-cost', raw, {
      stallPrice: { default: 0.1, min: 0, max: 1000 },
      decodeWeight: { default: 1, min: 0, max: 1000 },
    })
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) {
          const rate = evidence.prefillTokensPerSecond(row)
          const streams = decodingStreams(evidence, row)
          const prefill = uncachedTokens(evidence, row) / rate
          terms.set(row, 0, waitSeconds(evidence, row))
          terms.set(row, 1, queuedTokens(evidence, row) / rate)
          terms.set(row, 2, prefill)
          terms.set(row, 3, evidence.adapterLoadSeconds(row))
          terms.set(row, 4, prefill * stallPrice * streams)
          terms.set(row, 5, decodeWeight * evidence.meanOutputTokens(row) * evidence.stepSecondsPerStream(row) * streams)
        }
      },
    }
  },
})
