import { Labels } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { evaluateInstant, evaluateRange } from './evaluate.ts'
import { parse } from './parser.ts'
import { MemoryStore } from './promqltest/memory-store.ts'
import type { EvaluationOptions, Queryable, QueryOutput } from './types.ts'

function tree(text: string) {
  const result = parse(text)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

function storeOf(series: Readonly<Record<string, readonly number[]>>, stepMs = 15_000): MemoryStore {
  const store = new MemoryStore()
  for (const [engine, values] of Object.entries(series)) {
    store.add(
      Labels.from({ __name__: 'm', engine }),
      values.map((value, i) => [i * stepMs, value] as const),
    )
  }
  return store
}

const store = storeOf({ a: [1, 2, 3, 4], b: [10, 20, 30, 40] })
const range = { startMs: 0, endMs: 45_000, stepMs: 15_000 }

function outcome(text: string, options: EvaluationOptions = {}, queryable: Queryable = store) {
  const result = evaluateRange(tree(text), queryable, range, options)
  return result.ok ? result.value : result.error
}

describe('results', () => {
  it('a range query answers columns sorted by labels, on the grid', () => {
    const { value } = outcome('-m') as QueryOutput
    expect(value.type === 'matrix' && value.series.map(({ labels, values }) => [labels.toRecord(), [...values]])).toEqual([
      [{ engine: 'a' }, [-1, -2, -3, -4]],
      [{ engine: 'b' }, [-10, -20, -30, -40]],
    ])
    expect(value.type === 'matrix' && [...(value.series[0]?.timestampsMs ?? [])]).toEqual([0, 15_000, 30_000, 45_000])
  })

  it('the store is told when what it answered is done with, also when the query fails', () => {
    let released = 0
    const releasing: Queryable = { select: (...asked) => store.select(...asked), release: () => released++ }
    expect(outcome('m', {}, releasing)).toHaveProperty('value')
    expect(outcome('m', { limits: { samplesMax: 1 } }, releasing)).toMatchObject({ code: 'limit' })
    expect(evaluateInstant(tree('m[1m]'), releasing, 45_000).ok).toBe(true)
    expect(released).toBe(3)
  })

  it('a scalar over a range is one series without labels', () => {
    const { value } = outcome('time() * 2') as QueryOutput
    expect(value.type === 'matrix' && value.series.map(({ labels, values }) => [labels.size, [...values]])).toEqual([[0, [0, 30, 60, 90]]])
  })

  it('an instant query answers whatever type the expression has', () => {
    const types = ['m', '1', '"text"', 'm[1m]', 'm[1m:15s]'].map((text) => {
      const result = evaluateInstant(tree(text), store, 45_000)
      return result.ok ? result.value.value.type : result.error.message
    })
    expect(types).toEqual(['vector', 'scalar', 'string', 'matrix', 'matrix'])
  })

  it('a range query refuses range vectors and strings', () => {
    expect(outcome('m[1m]')).toEqual({
      code: 'execution',
      message: 'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    })
  })

  it('an empty range has no points', () => {
    const result = evaluateRange(tree('m'), store, { startMs: 10, endMs: 0, stepMs: 5 })
    expect(result.ok && result.value.value).toEqual({ type: 'matrix', series: [] })
  })

  it('a shorter lookback forgets sooner', () => {
    const seen = (lookbackMs: number) => {
      const result = evaluateInstant(tree('count(m)'), store, 60_000, { lookbackMs })
      return result.ok && result.value.value.type === 'vector' && result.value.value.samples.length
    }
    expect([seen(15_001), seen(15_000)]).toEqual([1, 0])
  })
})

describe('what the store is asked', () => {
  it('selects exactly the span that the selector can see', () => {
    const asked: [number, number][] = []
    const spy: Queryable = {
      select(_, startMs, endMs) {
        asked.push([startMs, endMs])
        return []
      },
    }
    for (const text of ['m', 'm offset 1m', 'rate(m[1m])', 'm @ 5', 'max_over_time(m[1m:30s])']) outcome(text, { lookbackMs: 10_000 }, spy)
    expect(asked).toEqual([
      [-10_000, 45_000],
      [-70_000, -15_000],
      [-60_000, 45_000],
      [-5_000, 5_000],
      [-40_000, 30_000],
    ])
  })
})

describe('limits', () => {
  it('more steps than allowed are refused before the store is asked', () => {
    const untouchable: Queryable = {
      select() {
        throw new Error('asked')
      },
    }
    expect(outcome('m', { limits: { pointsMax: 3 } }, untouchable)).toMatchObject({
      code: 'limit',
      message: expect.stringContaining('resolution of 3 points'),
    })
    const long = evaluateRange(tree('m'), untouchable, { startMs: 0, endMs: 11_000, stepMs: 1 })
    expect(!long.ok && long.error.message).toContain('exceeded maximum resolution of 11,000 points per timeseries')
  })

  it('loaded samples, kept rows, and inner steps of a subquery all count', () => {
    const limits = { samplesMax: 20 }
    expect(outcome('sum(m)', { limits })).toHaveProperty('value')
    for (const text of ['m + m', 'topk(1, m) or topk(2, m)', 'sum_over_time(vector(1)[1y:1ms])']) {
      expect(outcome(text, { limits })).toMatchObject({ code: 'limit' })
    }
  })

  it('a query that is no longer wanted stops between series', () => {
    let polls = 0
    const result = outcome('sum(rate(m[1m]))', { canceled: () => ++polls > 2 })
    expect(result).toEqual({ code: 'canceled', message: 'query was canceled in query execution' })
    expect(polls).toBe(3)
  })

  it('a query that is out of time says so', () => {
    expect(outcome('sum(m)', { canceled: () => 'timeout' })).toEqual({ code: 'timeout', message: 'query timed out in expression evaluation' })
  })

  it('is asked at least once for each series, whatever is done with them', () => {
    const many = storeOf(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [String(i), [1, 2, 3, 4]])))
    for (const text of [
      'm',
      'rate(m[1m])',
      'm + m',
      'topk(3, m)',
      'max_over_time(m[1m:15s])',
      'sum by (engine) (m)',
      'm and m',
      'label_replace(m, "a", "", "", "")',
    ]) {
      let polls = 0
      outcome(text, { canceled: () => ++polls < 0 }, many)
      expect([text, polls >= 50]).toEqual([text, true])
    }
  })

  it('selected series count', () => {
    expect(outcome('m + m', { limits: { seriesMax: 4 } })).toHaveProperty('value')
    expect(outcome('m + m', { limits: { seriesMax: 3 } })).toEqual({
      code: 'limit',
      message: 'query selects more than 3 series; narrow its selectors or raise the limit',
    })
  })

  it('the longest chain that parses can be evaluated', () => {
    const result = evaluateInstant(tree(`m${' + 1'.repeat(500)}`), store, 0)
    expect(result.ok && result.value.value.type === 'vector' && result.value.value.samples[0]?.value).toBe(501)
  })
})

describe('annotations', () => {
  it('name the place, each once', () => {
    const { infos } = outcome('rate(m[1m]) +\n  rate(m[1m])') as QueryOutput
    const text = 'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m"'
    expect(infos).toEqual([`${text} (1:6)`, `${text} (2:8)`])
  })

  it('sort says that it does nothing in a range query', () => {
    expect((outcome('sort(m)') as QueryOutput).warnings[0]).toContain('sort is ineffective for range queries')
  })
})
