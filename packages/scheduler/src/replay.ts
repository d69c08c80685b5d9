import { assert, type Random, seededRandom } from '@signalbox/base'
import { type Choice, choose } from './choice.ts'
import { EVIDENCE_WIDTH, Evidence, SIGNAL_COLUMNS } from './evidence.ts'
import { type PolicyPlugin, TermSheet } from './policy.ts'
import type { AttemptView, DecisionView } from './types.ts'

/** What a policy would have done with the evidence of one attempt. */
export interface ReplayedAttempt {
  readonly chosen: string
  readonly runnerUp: string | null
  readonly margin: number | null
  /** By endpoint, those that had passed the filters; Infinity: the policy's cost was no number. */
  readonly costs: ReadonlyMap<string, number>
}

/** Parameters of the policy (undefined: its defaults) and where its chance comes from. */
export interface ReplayOptions {
  readonly parameters?: unknown
  readonly random?: Random
}

/**
 * Judges the recorded evidence of each attempt again: what would this policy have chosen? Pure but for
 * `random`; under the recorded policy with the same parameters the costs are the recorded ones exactly.
 * Throws what the plug-in's `create` throws.
 */
export function replay(view: DecisionView, plugin: PolicyPlugin, options: ReplayOptions = {}): readonly ReplayedAttempt[] {
  const random = options.random ?? seededRandom(0)
  const policy = plugin.create(options.parameters, { random })
  const terms = new TermSheet(plugin.terms.length)
  return view.attempts.map((attempt) => {
    const candidates = attempt.candidates.filter((candidate) => candidate.filteredBy === null)
    assert(candidates.length > 0, 'an attempt has a candidate that passed')
    const evidence = evidenceOf(candidates)
    terms.reset(candidates.length)
    policy.score(evidence, terms)
    const choice: Choice = { row: 0, runnerUp: -1, tieBrokenBy: 'none' }
    choose(evidence, terms, random, choice)
    const runnerUp = candidates[choice.runnerUp]?.endpoint ?? null
    return {
      chosen: candidates[choice.row]?.endpoint ?? '',
      runnerUp,
      margin: runnerUp === null ? null : terms.cost(choice.runnerUp) - terms.cost(choice.row),
      costs: new Map(candidates.map((candidate, row) => [candidate.endpoint, terms.cost(row)])),
    }
  })
}

/** By column id, so that a record of other columns still fills those it has. */
function evidenceOf(candidates: AttemptView['candidates']): Evidence {
  const values = new Float64Array(candidates.length * EVIDENCE_WIDTH)
  candidates.forEach((candidate, row) => {
    SIGNAL_COLUMNS.forEach((column, at) => {
      values[row * EVIDENCE_WIDTH + at] = candidate.signals[column.id]?.value ?? Number.NaN
    })
  })
  const evidence = new Evidence()
  evidence.load(values, candidates.length)
  return evidence
}
