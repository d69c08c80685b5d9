import { predictedTtftSeconds, uncachedTokens } from './estimates.ts'
import { COLUMN, Evidence, SIGNAL_COLUMNS } from './evidence.ts'
import { costOf } from './policy.ts'
import type { AttemptView, CandidateView, DecisionStatus, DecisionSummary, DecisionView, FilterReason, TermInfo } from './types.ts'

/** What a record says of the policy that chose. */
export interface PolicyLabel {
  readonly type: string
  readonly terms: readonly TermInfo[]
}

/**
 * One choice with everything it was made from. Rows `0 .. passed - 1` passed the filters; the filtered ones
 * follow. Costs, margin and predictions are not kept: they are functions of evidence and terms.
 */
export interface AttemptRecord {
  readonly atMs: number
  /** Endpoint ids by row. */
  readonly endpoints: readonly string[]
  readonly passed: number
  /** By row, null for those that passed. */
  readonly filters: readonly (FilterReason | null)[]
  readonly filterDetails: readonly (string | null)[]
  /** Age of each row's engine state, NaN: never observed. */
  readonly stateAgesMs: Float64Array
  /** `EVIDENCE_WIDTH` values a row. */
  readonly evidence: Float64Array
  /** One value a term of the policy, for the rows that passed. */
  readonly terms: Float64Array
  readonly chosen: number
  /** -1: there was one candidate. */
  readonly runnerUp: number
  readonly tieBrokenBy: AttemptView['tieBrokenBy']
  failure: string | null
}

/** What happened to the request. */
export interface Outcome {
  readonly status: DecisionStatus
  readonly httpStatus: number | null
  readonly error: string | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly cachedTokens: number | null
  readonly ttftMs: number | null
  readonly durationMs: number | null
}

/** A decision before it is encoded and after it is decoded. */
export interface DecisionRecord {
  readonly id: string
  readonly path: string
  readonly model: string
  readonly fairnessId: string
  readonly stream: boolean
  readonly priority: number
  readonly promptBytes: number
  readonly receivedMs: number
  readonly policy: PolicyLabel
  readonly attempts: readonly AttemptRecord[]
  readonly outcome: Outcome
}

export function summaryOf(record: DecisionRecord): DecisionSummary {
  const last = record.attempts.at(-1)
  const evidence = last === undefined ? undefined : evidenceOf(last)
  const { outcome } = record
  return {
    id: record.id,
    receivedMs: record.receivedMs,
    path: record.path,
    model: record.model,
    stream: record.stream,
    priority: record.priority,
    status: outcome.status,
    httpStatus: outcome.httpStatus,
    error: outcome.error,
    endpoint: last?.endpoints[last.chosen] ?? null,
    retries: Math.max(0, record.attempts.length - 1),
    promptTokens: outcome.promptTokens,
    completionTokens: outcome.completionTokens,
    predictedCachedTokens: last === undefined ? null : (known(evidence?.cachedTokens(last.chosen)) ?? 0),
    actualCachedTokens: outcome.cachedTokens,
    predictedTtftMs: last === undefined || evidence === undefined ? null : known(predictedTtftSeconds(evidence, last.chosen) * 1000),
    actualTtftMs: outcome.ttftMs,
    durationMs: outcome.durationMs,
    margin: last === undefined ? null : marginOf(last, record.policy.terms.length),
    runnerUp: last?.endpoints[last.runnerUp] ?? null,
  }
}

export function viewOf(record: DecisionRecord): DecisionView {
  const first = record.attempts[0]
  return {
    ...summaryOf(record),
    policy: record.policy.type,
    fairnessId: record.fairnessId,
    promptBytes: record.promptBytes,
    promptTokensEstimated: first?.evidence[COLUMN.promptTokens] ?? 0,
    termInfo: record.policy.terms,
    signalColumns: SIGNAL_COLUMNS,
    attempts: record.attempts.map((attempt) => attemptView(attempt, record.policy.terms)),
  }
}

function attemptView(attempt: AttemptRecord, terms: readonly TermInfo[]): AttemptView {
  const evidence = evidenceOf(attempt)
  let stale = true
  for (let row = 0; row < attempt.passed; row += 1) if (evidence.fresh(row)) stale = false
  return {
    atMs: attempt.atMs,
    chosen: attempt.endpoints[attempt.chosen] ?? '',
    runnerUp: attempt.endpoints[attempt.runnerUp] ?? null,
    margin: marginOf(attempt, terms.length),
    tieBrokenBy: attempt.tieBrokenBy,
    stale,
    candidates: attempt.endpoints.map((_, row) => candidateView(attempt, row, terms, evidence)),
    failure: attempt.failure,
  }
}

function candidateView(attempt: AttemptRecord, row: number, terms: readonly TermInfo[], evidence: Evidence): CandidateView {
  const ageMs = known(attempt.stateAgesMs[row])
  const passed = row < attempt.passed
  return {
    endpoint: attempt.endpoints[row] ?? '',
    filteredBy: attempt.filters[row] ?? null,
    filterDetail: attempt.filterDetails[row] ?? null,
    cost: passed ? known(costOf(attempt.terms, row, terms.length)) : null,
    terms: passed ? Object.fromEntries(terms.map((term, at) => [term.id, attempt.terms[row * terms.length + at] as number])) : {},
    signals: Object.fromEntries(
      SIGNAL_COLUMNS.map((column, at) => [column.id, { value: known(evidence.read(row, at)), ageMs: column.from === 'engine' ? ageMs : 0 }]),
    ),
    predictedTtftMs: passed ? known(predictedTtftSeconds(evidence, row) * 1000) : null,
    predictedCachedTokens: evidence.promptTokens(row) - uncachedTokens(evidence, row),
  }
}

function marginOf(attempt: AttemptRecord, width: number): number | null {
  if (attempt.runnerUp === -1) return null
  return known(costOf(attempt.terms, attempt.runnerUp, width) - costOf(attempt.terms, attempt.chosen, width))
}

function evidenceOf(attempt: AttemptRecord): Evidence {
  return new Evidence(attempt.evidence)
}

/** NaN, infinite and missing become null, which JSON can carry. */
function known(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
