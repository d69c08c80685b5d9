import { readFileSync } from 'node:fs'
import { seededRandom } from '@signalbox/base'
import { expect, test } from 'vitest'
import { type ShapeId, shapes, shapeTrace, type Trace, timeScaled, traceFormats, traceSummary } from '../index.ts'

function make(id: ShapeId, parameters: Readonly<Record<string, number>> = {}, seed = 1): Trace {
  const trace = shapeTrace(id, parameters, seededRandom(seed))
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

test('a shape is a function of its parameters and its seed', () => {
  for (const id of shapes.keys()) {
    expect(make(id, { requests: 50 })).toEqual(make(id, { requests: 50 }))
    if (id !== 'prefix-cache') expect(make(id, { requests: 50 })).not.toEqual(make(id, { requests: 50 }, 2))
  }
})

test('every shape keeps to its number of requests, its rate and its lengths', () => {
  for (const [id, shape] of shapes) {
    const summary = traceSummary(make(id, { requests: 4000, ratePerSecond: 4 }))
    expect(summary.requests).toBe(4000)
    const rate = summary.requests / (summary.spanMs / 1000)
    expect([id, rate > 3.3 && rate < 4.7]).toEqual([id, true])
    const mean = shape.parameters.get('outputTokens')?.default ?? 0
    expect([id, summary.outputTokensMean / mean > 0.93 && summary.outputTokensMean / mean < 1.07]).toEqual([id, true])
    expect([id, summary.sharingRatio > 0]).toEqual([id, shape.hasPrefixes])
  }
})

test('prefix-cache: after the first round every prefix has been asked before', () => {
  const trace = make('prefix-cache')
  const firsts = trace.requests.map(({ prompt }) => prompt.segments[0]?.id)
  expect(new Set(firsts.slice(0, 6)).size).toBe(6)
  expect(firsts.slice(6, 12)).toEqual(firsts.slice(0, 6))
  expect(traceSummary(trace).sharingRatio).toBeCloseTo((54 * 1000) / (60 * 1020), 6)
})

test('first-block: all prompts share their first tokens and no more', () => {
  const trace = make('first-block', { requests: 200 })
  expect(new Set(trace.requests.map(({ prompt }) => prompt.segments[0]?.id)).size).toBe(1)
  expect(new Set(trace.requests.map(({ prompt }) => prompt.segments[1]?.id)).size).toBe(200)
})

test('chat-sessions: a turn has all before it, the answers included, and comes after its think time', () => {
  const trace = make('chat-sessions', { requests: 300 })
  const followUps = trace.requests.filter(({ after }) => after !== undefined)
  expect(followUps.length).toBeGreaterThan(150)
  for (const { prompt, after, session, atMs } of followUps) {
    const before = trace.requests[after?.index ?? -1]
    const said = [...(before?.prompt.segments ?? []), before?.output]
    expect(prompt.segments.slice(0, -1)).toEqual(said)
    expect(session).toBe(before?.session)
    expect(atMs).toBeGreaterThanOrEqual((before?.atMs ?? 0) + (after?.thinkMs ?? 0) - 1e-6)
  }
})

test('bursts: most requests come close together', () => {
  const gaps = make('bursts', { requests: 3000, ratePerSecond: 5, onMs: 1000, offMs: 9000 }).requests.map(
    ({ atMs }, at, all) => atMs - (all[at - 1]?.atMs ?? 0),
  )
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
  // A Poisson process has a ratio of 1.
  expect(Math.sqrt(variance) / mean).toBeGreaterThan(3)
})

test('a parameter that is unknown or out of bounds is named, with what it should be', () => {
  expect(shapeTrace('poisson', { request: 5 }, seededRandom(1))).toMatchObject({
    error: expect.stringContaining('poisson has no parameter "request"; did you mean requests?'),
  })
  expect(shapeTrace('poisson', { requests: 0.5 }, seededRandom(1))).toEqual({
    ok: false,
    error: 'poisson: requests: expected a whole number from 1 to 10000000, found 0.5',
  })
  expect(shapeTrace('poisson', { ratePerSecond: Number.NaN }, seededRandom(1)).ok).toBe(false)
})

test('scaled time changes arrivals and think times alone', () => {
  const trace = make('chat-sessions', { requests: 50 })
  const half = timeScaled(trace, 0.5)
  expect(half.requests.map(({ atMs }) => atMs * 2)).toEqual(trace.requests.map(({ atMs }) => atMs))
  expect(half.requests.map(({ after }) => after?.thinkMs)).toEqual(
    trace.requests.map(({ after }) => (after === undefined ? undefined : after.thinkMs / 2)),
  )
  expect(half.requests.map(({ prompt }) => prompt)).toEqual(trace.requests.map(({ prompt }) => prompt))
})

test('the README has every parameter of every shape with its default', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  for (const [id, { parameters }] of shapes) {
    for (const [name, { default: byDefault, about }] of parameters) expect(readme).toContain(`| \`${id}\` | \`${name}\` | ${byDefault} | ${about} |`)
  }
})

test('the README has every format', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  for (const { id, hasPrefixes } of traceFormats.values()) expect(readme).toContain(`| \`${id}\` | ${hasPrefixes ? 'yes' : 'no'} |`)
})
