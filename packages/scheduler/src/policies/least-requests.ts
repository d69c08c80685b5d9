import { atLeastZero } from '../estimates.ts'
import { readParameters } from '../parameters.ts'
import { definePolicy } from '../policy.ts'

/** The fewest requests: the gateways' in flight, and other senders' while the state is fresh. */
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
      description: "Gateways' requests in flight, and other senders' at the last poll",
    },
  ],
  create(raw) {
    readParameters('least-requests', raw, {})
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) {
          const others = evidence.fresh(row) ? evidence.othersRunning(row) + evidence.othersWaiting(row) : 0
          terms.set(row, 0, evidence.inFlight(row) + atLeastZero(others))
        }
      },
    }
  },
})
