import { expect, test } from 'vitest'
import { curlExample, decisionsPath, ttftChoices } from './decision-query.ts'

test('the list is asked for with the filters that are set, and no others', () => {
  expect(decisionsPath({ model: '', endpoint: '', status: '', minTtftMs: 0 })).toBe('/api/console/decisions?limit=200')
  expect(decisionsPath({ model: 'a b', endpoint: 'engine-1', status: 'error', minTtftMs: 500 })).toBe(
    '/api/console/decisions?model=a+b&endpoint=engine-1&status=error&min_ttft_ms=500&limit=200',
  )
})

test('the example command survives a quote in the model’s name', () => {
  const command = curlExample('[::1]', 8080, "it's")
  expect(command).toContain('http://[::1]:8080/v1/chat/completions')
  expect(command).toContain(`"model":"it'\\''s"`)
})

test('a value of the URL is among the choices', () => {
  expect(ttftChoices(750)).toEqual([0, 100, 250, 500, 750, 1000, 2500, 5000, 10_000])
})
