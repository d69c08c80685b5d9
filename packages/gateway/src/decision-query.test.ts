import { expect, it } from 'vitest'
import { parseDecisionQuery } from './decision-query.ts'

const parse = (query: string) => parseDecisionQuery(new URLSearchParams(query))

it('filters by nothing and lists a hundred by default', () => {
  expect(parse('')).toEqual({ ok: true, value: { model: undefined, endpoint: undefined, status: undefined, minTtftMs: undefined, limit: 100 } })
})

it('reads every parameter', () => {
  expect(parse('model=org%2Fllama&endpoint=e1&status=error&min_ttft_ms=250.5&limit=1000')).toEqual({
    ok: true,
    value: { model: 'org/llama', endpoint: 'e1', status: 'error', minTtftMs: 250.5, limit: 1000 },
  })
})

it.each([
  ['colour=red', 'unknown parameter "colour"; there are model, endpoint, status, min_ttft_ms, limit'],
  ['model=a&model=b', 'model is given twice'],
  ['status=done', 'status is one of running, ok, error, rejected, cancelled, not "done"'],
  ['min_ttft_ms=-1', 'min_ttft_ms is a number of milliseconds, 0 or more'],
  ['min_ttft_ms=1e3', 'min_ttft_ms is a number of milliseconds, 0 or more'],
  ['min_ttft_ms=', 'min_ttft_ms is a number of milliseconds, 0 or more'],
  ['limit=0', 'limit is a whole number from 1 to 1000'],
  ['limit=1001', 'limit is a whole number from 1 to 1000'],
  ['limit=2.5', 'limit is a whole number from 1 to 1000'],
  ['limit=ten', 'limit is a whole number from 1 to 1000'],
])('refuses %s', (query, error) => {
  expect(parse(query)).toEqual({ ok: false, error })
})
