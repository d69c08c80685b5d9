import { expect, test } from 'vitest'
import { legendRows } from './legend-rows.ts'

test('quantiles of several dialects are a row a dialect, and what is no quantile stands apart', () => {
  expect(legendRows(['p50 (vLLM V1)', 'p95 (vLLM V1)', 'mean', 'p50 (SGLang)', 'p95 (SGLang)', 'p99.9 (SGLang)'])).toEqual({
    quantiles: ['p50', 'p95', 'p99.9'],
    rows: [
      { title: 'vLLM V1', lines: [0, 1, undefined] },
      { title: 'SGLang', lines: [3, 4, 5] },
    ],
    others: [2],
  })
})

test.each([
  ['quantiles of one thing', ['p50', 'p95', 'mean']],
  ['one dialect that is named', ['p50 (SGLang)', 'p95 (SGLang)']],
  ['names in brackets that are no quantiles', ['running (a)', 'waiting (b)']],
  ['nothing', []],
])('%s stay a list', (_what, names) => {
  expect(legendRows(names)).toBeUndefined()
})
