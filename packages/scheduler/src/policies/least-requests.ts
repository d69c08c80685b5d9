import { atLeastZero } from '../estimates.ts'
import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'

/** The fewest requests: the gateways' in flight, or what the engine says it has while its state is fresh and says more. */
export const leastRequests = definePolicy({
  type: 'least-requests',
  stability: 'stable',
  description: 'The endpoint with the fewest requests, whatever their size.',
  terms: [
    {
      id: 'requests',
      label: 'Requests there',
      unit: 'requests',
      group: 'order',
      description: "Gateways' requests in flight, or the running and waiting ones of the engine if more",
    },
  ],
  create(raw) {
    readParameters('least-requests', raw, {})
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) {
          const own = evidence.inFlight(row)
          const reported = evidence.fresh(row) ? evidence.runningRequests(row) + evidence.waitingRequests(row) : 0
          terms.set(row, 0, Math.max(own, atLeastZero(reported)))
        }
      },
    }
  },
})
