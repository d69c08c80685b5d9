import type { AttemptView, CandidateView, TermInfo } from '../api-types.ts'

export interface CostCell {
  readonly term: TermInfo
  /** Null: the candidate was filtered before costs. */
  readonly value: number | null
  /** 0..1 of the largest term in the table, for the bar behind the number. */
  readonly share: number
}

export interface CostRow {
  readonly candidate: CandidateView
  readonly role: 'chosen' | 'runner-up' | 'other' | 'filtered'
  readonly cells: readonly CostCell[]
}

/** Rows of the matrix: the choice, then by cost, then what was filtered, by name. Terms that the candidates share at 0 stay: a 0 is a statement. */
export function costRows(attempt: AttemptView, terms: readonly TermInfo[]): CostRow[] {
  const role = (candidate: CandidateView): CostRow['role'] => {
    if (candidate.endpoint === attempt.chosen) return 'chosen'
    if (candidate.filteredBy !== null) return 'filtered'
    return candidate.endpoint === attempt.runnerUp ? 'runner-up' : 'other'
  }
  const rank = { chosen: 0, 'runner-up': 1, other: 1, filtered: 2 } as const
  const largest = Math.max(0, ...attempt.candidates.flatMap((candidate) => terms.map(({ id }) => Math.abs(candidate.terms[id] ?? 0))))
  return attempt.candidates
    .map((candidate) => ({
      candidate,
      role: role(candidate),
      cells: terms.map((term) => {
        const value = candidate.cost === null ? null : (candidate.terms[term.id] ?? null)
        return { term, value, share: value === null || largest === 0 ? 0 : Math.abs(value) / largest }
      }),
    }))
    .sort(
      (a, b) =>
        rank[a.role] - rank[b.role] ||
        (a.candidate.cost ?? 0) - (b.candidate.cost ?? 0) ||
        a.candidate.endpoint.localeCompare(b.candidate.endpoint, 'en'),
    )
}

const groupLabels: Readonly<Record<TermInfo['group'], string>> = {
  ttft: 'Time to first token',
  others: 'Cost to others',
  'own-decode': 'Own decode',
  order: 'Order',
}

export interface TermGroup {
  readonly label: string
  readonly span: number
}

/** Heads over neighbouring terms of one group. */
export function termGroups(terms: readonly TermInfo[]): TermGroup[] {
  const groups: { label: string; span: number; group: TermInfo['group'] }[] = []
  for (const { group } of terms) {
    const last = groups.at(-1)
    if (last?.group === group) last.span += 1
    else groups.push({ label: groupLabels[group], span: 1, group })
  }
  return groups.map(({ label, span }) => ({ label, span }))
}
