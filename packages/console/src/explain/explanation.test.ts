import { describe, expect, test } from 'vitest'
import type { AttemptView, CandidateView, DecisionView, TermInfo } from '../api-types.ts'
import { costRows, termGroups } from './cost-rows.ts'
import { explain, tieRule, ttftError } from './explanation.ts'

const term = (id: string, label: string, group: TermInfo['group']): TermInfo => ({ id, label, unit: 'seconds', group, description: '' })
const terms = [term('queue', 'Queue ahead', 'ttft'), term('prefill', 'Own prefill', 'ttft'), term('stall', 'Cost to others', 'others')]

function candidate(endpoint: string, values: readonly number[], more: Partial<CandidateView> = {}): CandidateView {
  return {
    endpoint,
    filteredBy: null,
    filterDetail: null,
    cost: values.reduce((sum, value) => sum + value, 0),
    terms: Object.fromEntries(terms.map(({ id }, index) => [id, values[index] ?? 0])),
    signals: {},
    predictedTtftMs: 50,
    predictedCachedTokens: 0,
    ...more,
  }
}

const out = (endpoint: string, filteredBy: CandidateView['filteredBy']): CandidateView =>
  candidate(endpoint, [], { filteredBy, cost: null, terms: {}, predictedTtftMs: null })

const attempt: AttemptView = {
  atMs: 0,
  chosen: 'engine-1',
  runnerUp: 'engine-3',
  margin: 0.1204,
  tieBrokenBy: 'none',
  stale: false,
  failure: null,
  candidates: [
    candidate('engine-1', [0.01, 0.0126, 0.01], { predictedCachedTokens: 1408 }),
    candidate('engine-2', [0.03, 0.105, 0.2]),
    candidate('engine-3', [0.01, 0.105, 0.038]),
  ],
}

function decision(more: Partial<DecisionView> = {}): DecisionView {
  return {
    id: 'r1',
    receivedMs: 0,
    path: '/v1/chat/completions',
    model: 'llama',
    stream: true,
    priority: 0,
    status: 'ok',
    httpStatus: 200,
    error: null,
    endpoint: 'engine-1',
    retries: 0,
    promptTokens: 1600,
    completionTokens: 10,
    predictedCachedTokens: 1408,
    actualCachedTokens: null,
    predictedTtftMs: 50,
    actualTtftMs: 60,
    durationMs: 900,
    margin: 0.1204,
    runnerUp: 'engine-3',
    policy: 'least-cost',
    fairnessId: '',
    promptBytes: 6400,
    promptTokensEstimated: 1590,
    termInfo: terms,
    signalColumns: [],
    attempts: [attempt],
    ...more,
  }
}

const withAttempt = (more: Partial<AttemptView>) => explain(decision({ attempts: [{ ...attempt, ...more }] }))

describe('the explanation', () => {
  test('names the cache when the cache is the reason', () => {
    expect(explain(decision())).toBe(
      'engine-1 was chosen: 0.12 s cheaper than engine-3, because 1,408 of 1,600 prompt tokens are expected in its cache.',
    )
  })

  test('takes the estimate of the prompt until the engine has counted it', () => {
    expect(explain(decision({ promptTokens: null }))).toContain('1,408 of 1,590 prompt tokens')
  })

  test('names the term that speaks most for the choice otherwise', () => {
    const candidates = [candidate('engine-1', [0.01, 0.1, 0]), candidate('engine-3', [0.51, 0.1, 0.1])]
    expect(withAttempt({ margin: 0.6, candidates })).toBe(
      'engine-1 was chosen: 0.6 s cheaper than engine-3, because its “Queue ahead” is lower (10 ms against 0.51 s).',
    )
  })

  test('says how a tie was settled', () => {
    expect(withAttempt({ tieBrokenBy: 'in-flight', margin: 0 })).toContain('it costs as much as engine-3, and has fewer requests of ours in flight')
    expect(withAttempt({ tieBrokenBy: 'random', margin: 0 })).toContain('at random')
    expect(new Set((['none', 'in-flight', 'random'] as const).map((tieBrokenBy) => tieRule({ ...attempt, tieBrokenBy }))).size).toBe(3)
  })

  test('says that there was nothing to choose from, and why the others were out', () => {
    expect(withAttempt({ runnerUp: null, margin: null, candidates: [candidate('engine-1', [0, 0, 0])] })).toBe(
      'engine-1 was chosen: it is the only endpoint.',
    )
    const candidates = [
      candidate('engine-1', [0, 0, 0]),
      out('engine-2', 'held-out'),
      out('engine-3', 'model-not-served'),
      out('engine-4', 'draining'),
      out('engine-5', 'draining'),
    ]
    expect(withAttempt({ runnerUp: null, margin: null, candidates })).toBe(
      'engine-1 was chosen: it was the only candidate left (engine-2 is held out, engine-3 does not serve the model, engine-4 is draining, and 1 more).',
    )
  })

  test('begins with the attempts that failed, and says when the last one did too', () => {
    const failed = { ...attempt, chosen: 'engine-2', failure: 'connection refused' }
    expect(explain(decision({ attempts: [failed, attempt] }))).toMatch(
      /^engine-2 was tried first and failed \(connection refused\)\. engine-1 was chosen/,
    )
    expect(withAttempt({ failure: 'closed before the first byte' })).toMatch(/That attempt failed too: closed before the first byte\.$/)
  })

  test('says when the choice rested on our own books alone', () => {
    expect(withAttempt({ stale: true })).toContain('No endpoint had a fresh state')
  })

  test('does not speak of seconds where the policy does not count them', () => {
    const termInfo = terms.map((info) => ({ ...info, unit: 'none' as const, group: 'order' as const }))
    expect(explain(decision({ policy: 'round-robin', termInfo }))).toBe('engine-1 was chosen by the policy round-robin; engine-3 was next in line.')
  })

  test('covers requests for which no endpoint was chosen', () => {
    const none = { attempts: [] }
    expect(explain(decision({ ...none, status: 'rejected', error: 'messages must be an array' }))).toBe(
      'The request was turned away before an endpoint was chosen: messages must be an array.',
    )
    expect(explain(decision({ ...none, status: 'running' }))).toBe('No endpoint has been chosen yet.')
    expect(explain(decision({ ...none, status: 'error' }))).toBe('No endpoint was chosen.')
  })
})

test('a prediction is judged in words, and not at all while one side is missing', () => {
  expect(ttftError(50, 50.5)).toBe('as predicted')
  expect(ttftError(50, 60)).toBe('20.0 % later than predicted')
  expect(ttftError(50, 40)).toBe('20.0 % earlier than predicted')
  expect(ttftError(50, 150)).toBe('3.0 times the prediction')
  expect(ttftError(null, 150)).toBe('')
  expect(ttftError(50, null)).toBe('')
})

describe('the matrix', () => {
  test('has the choice first, then by cost, then what was filtered', () => {
    const rows = costRows({ ...attempt, candidates: [out('engine-9', 'held-out'), ...[...attempt.candidates].reverse()] }, terms)
    expect(rows.map(({ candidate: { endpoint }, role }) => [endpoint, role])).toEqual([
      ['engine-1', 'chosen'],
      ['engine-3', 'runner-up'],
      ['engine-2', 'other'],
      ['engine-9', 'filtered'],
    ])
  })

  test('draws terms as shares of the largest one, and filtered candidates without any', () => {
    const rows = costRows({ ...attempt, candidates: [...attempt.candidates, out('engine-9', 'held-out')] }, terms)
    expect(Math.max(...rows.flatMap(({ cells }) => cells.map(({ share }) => share)))).toBe(1)
    expect(rows.at(-1)?.cells.map(({ value }) => value)).toEqual([null, null, null])
  })

  test('heads neighbouring terms of one group together', () => {
    expect(termGroups(terms)).toEqual([
      { label: 'Time to first token', span: 2 },
      { label: 'Cost to others', span: 1 },
    ])
  })
})
