import type { Random } from '@signalbox/base'
import type { Evidence } from './evidence.ts'
import type { TermSheet } from './policy.ts'
import type { AttemptView } from './types.ts'

/** The outcome of a comparison of costs; `runnerUp` is -1 when there is one candidate. */
export interface Choice {
  row: number
  runnerUp: number
  tieBrokenBy: AttemptView['tieBrokenBy']
}

/**
 * The rule that all policies share: the smallest cost wins, ties go to the fewest requests in flight,
 * then to chance. The runner-up is the cheapest of the others. Writes into `choice`; needs one row at least.
 */
export function choose(evidence: Evidence, terms: TermSheet, random: Random, choice: Choice): void {
  let best = 0
  let bestCost = terms.cost(0)
  let equalCost = 1
  let equalLoad = 1
  let runnerUp = -1
  let runnerUpCost = Number.POSITIVE_INFINITY
  for (let row = 1; row < evidence.rows; row += 1) {
    const cost = terms.cost(row)
    let takes = cost < bestCost
    if (takes) {
      equalCost = 1
      equalLoad = 1
    } else if (cost === bestCost) {
      equalCost += 1
      const lighter = evidence.inFlight(row) - evidence.inFlight(best)
      if (lighter < 0) equalLoad = 1
      else if (lighter === 0) equalLoad += 1
      // One of k equals, each with the same chance, in one pass (reservoir sampling of one).
      takes = lighter < 0 || (lighter === 0 && random.next() * equalLoad < 1)
    }
    const second = takes ? best : row
    const secondCost = takes ? bestCost : cost
    if (runnerUp === -1 || secondCost < runnerUpCost) {
      runnerUp = second
      runnerUpCost = secondCost
    }
    if (takes) {
      best = row
      bestCost = cost
    }
  }
  choice.row = best
  choice.runnerUp = runnerUp
  choice.tieBrokenBy = equalCost === 1 ? 'none' : equalLoad === 1 ? 'in-flight' : 'random'
}
