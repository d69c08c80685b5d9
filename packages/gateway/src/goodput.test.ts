import { describe, expect, it } from 'vitest'
import { judge, objectiveBounds, objectiveOf } from './goodput.ts'
import type { RequestObservation } from './ports.ts'

const objective = { ttftMs: 2_000, tpotMs: 100 }
const answered: RequestObservation = {
  outcome: 'ok',
  httpStatus: 200,
  streaming: true,
  durationS: 5,
  requestBytes: 1,
  responseBytes: 1,
  contentEvents: 10,
  ttftS: 1,
}

describe('a request that ended', () => {
  it.each([
    ['in time', {}, 0.05, 'none'],
    ['exactly at its objectives', { ttftS: 2 }, 0.1, 'none'],
    ['with a late first token', { ttftS: 2.001 }, 0.05, 'ttft'],
    ['with slow tokens', {}, 0.101, 'tpot'],
    ['late and slow', { ttftS: 3 }, 0.5, 'ttft_tpot'],
    ['with one token', {}, undefined, 'none'],
    ['as a stream without content', { ttftS: undefined }, undefined, 'none'],
    ['whole, after long', { streaming: false, ttftS: undefined, durationS: 500 }, undefined, 'none'],
    ['cut short after 200', { outcome: 'error' }, undefined, 'error'],
    ['in a 502', { outcome: 'error', httpStatus: 502 }, undefined, 'error'],
    ['shed with 429', { outcome: 'rejected', httpStatus: 429 }, undefined, 'error'],
    ['shed with 503', { outcome: 'rejected', httpStatus: 503 }, undefined, 'error'],
    ['refused as malformed', { outcome: 'rejected', httpStatus: 400 }, undefined, undefined],
    ['refused by the engine as malformed', { outcome: 'error', httpStatus: 422 }, undefined, undefined],
    ['because its client left', { outcome: 'cancelled', httpStatus: 200 }, undefined, undefined],
  ] as const)('%s', (_, observation, tpotS, verdict) => {
    expect(judge({ ...answered, ...observation }, tpotS, objective)).toBe(verdict)
  })
})

describe('objectives', () => {
  const objectives = { ...objective, models: { fast: { ttftMs: 500 }, slow: { ttftMs: 2_000, tpotMs: 400 } } }

  it('of a model stand in for the common ones where they are given', () => {
    expect(objectiveOf('fast', objectives)).toEqual({ ttftMs: 500, tpotMs: 100 })
    expect(objectiveOf('other', objectives)).toEqual(objective)
    expect(objectiveOf('constructor', objectives)).toEqual(objective)
  })

  it('are bounds in seconds, each once', () => {
    expect(objectiveBounds('ttftMs', objectives)).toEqual([2, 0.5])
    expect(objectiveBounds('tpotMs', objectives)).toEqual([0.1, 0.4])
  })
})
