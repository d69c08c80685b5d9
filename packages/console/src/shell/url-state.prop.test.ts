import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decisionStatuses } from '../api-types.ts'
import { parseRoute, requestPath } from './route.ts'
import { DEFAULT_RANGE, formatRange, parseRange, rangeLabel, rangePresets, rangeStepMs } from './time-range.ts'
import { changeUrlState, readUrlState, type UrlState } from './url-state.ts'

const states: fc.Arbitrary<UrlState> = fc.record({
  range: fc.integer({ min: 60, max: 7 * 86_400 }).map((seconds) => ({ seconds })),
  live: fc.boolean(),
  theme: fc.constantFrom('auto', 'light', 'dark', undefined),
  model: fc.string(),
  endpoint: fc.string(),
  status: fc.constantFrom('' as const, ...decisionStatuses),
  minTtftMs: fc.nat(),
})

describe('URL state', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(readUrlState(changeUrlState('', state))).toEqual(state)
      }),
    )
  })

  test('keeps keys that are not ours', () => {
    fc.assert(
      fc.property(states, fc.string(), (state, value) => {
        const search = changeUrlState(`?${new URLSearchParams({ tz: value, panel: 'ttft' })}`, state)
        expect(new URLSearchParams(search).get('tz')).toBe(value)
        expect(new URLSearchParams(search).get('panel')).toBe('ttft')
      }),
    )
  })

  test('leaves defaults out', () => {
    const defaults = { range: DEFAULT_RANGE, live: true, theme: undefined, model: '', endpoint: '', status: '', minTtftMs: 0 } as const
    expect(changeUrlState('?from=now-1h&live=0&theme=dark&model=a&endpoint=b&status=ok&min_ttft_ms=5', defaults)).toBe('')
  })

  test('changes only what it is told to', () => {
    expect(changeUrlState('?from=now-1h&model=llama', { live: false })).toBe('?from=now-1h&model=llama&live=0')
    expect(changeUrlState('?theme=dark', { theme: undefined })).toBe('')
  })

  test('takes defaults for what it cannot read, and Grafana’s spelling of the model', () => {
    const state = readUrlState('?from=yesterday&theme=pink&status=fine&min_ttft_ms=-3&var-model=llama')
    expect(state).toEqual({ range: DEFAULT_RANGE, live: true, theme: undefined, model: 'llama', endpoint: '', status: '', minTtftMs: 0 })
    expect(changeUrlState('?var-model=llama', { model: 'qwen' })).toBe('?model=qwen')
  })
})

describe('time ranges', () => {
  test('are written in the largest whole unit', () => {
    expect(rangePresets.map(rangeLabel)).toEqual(['5m', '15m', '1h', '3h', '6h'])
    expect(rangeLabel({ seconds: 5400 })).toBe('90m')
  })

  test('outside of a minute to a week are refused', () => {
    expect(['now-59s', 'now-8d', 'now-', 'now-1y', '15m', null].map(parseRange)).toEqual(new Array(6).fill(undefined))
    expect(parseRange('now-7d')).toEqual({ seconds: 604_800 })
  })

  test('have steps that are multiples of the scrape interval and give at most 241 points', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 604_800 }), (seconds) => {
        const step = rangeStepMs({ seconds })
        expect(step % 5000).toBe(0)
        expect((seconds * 1000) / step).toBeLessThanOrEqual(240)
        expect(parseRange(formatRange({ seconds }))).toEqual({ seconds })
      }),
    )
  })
})

describe('routes', () => {
  test('lead to the three pages', () => {
    expect(parseRoute('/')).toEqual({ page: 'fleet' })
    expect(parseRoute('/requests/')).toEqual({ page: 'requests' })
    expect(parseRoute('/requests/a/b')).toEqual({ page: 'unknown' })
    expect(parseRoute('/nowhere')).toEqual({ page: 'unknown' })
    expect(parseRoute('/requests/%zz')).toEqual({ page: 'unknown' })
  })

  test('carry any request id there and back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (id) => {
        expect(parseRoute(requestPath(id))).toEqual({ page: 'request', id })
      }),
    )
  })
})
