import { existsSync, readFileSync } from 'node:fs'
import { seededRandom } from '@signalbox/base'
import type { DecisionView } from '@signalbox/scheduler'
import { expect, test } from 'vitest'
import { joinedTraces, readTrace, type Trace, traceSummary } from '../index.ts'

function textOf(name: string): string {
  return readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8')
}

function read(name: string): Trace {
  const trace = readTrace(textOf(name), { name, random: seededRandom(1) })
  if (!trace.ok) throw new Error(trace.error.message)
  return trace.value
}

/** Arrival, prompt and output tokens of each request. */
function rows(trace: Trace): number[][] {
  return trace.requests.map(({ atMs, prompt, output }) => [atMs, prompt.tokens, output.tokens])
}

test('Mooncake: a block is 512 tokens, the last one what is left, and equal ids are shared', () => {
  const trace = read('mooncake.jsonl')
  expect(trace).toMatchObject({ name: 'mooncake.jsonl', source: 'mooncake', hasPrefixes: true, notes: [] })
  expect(rows(trace)).toEqual([
    [0, 1300, 6],
    [0, 1024, 40],
    [1500, 1600, 8],
  ])
  expect(trace.requests.map(({ prompt }) => prompt.segments.map(({ tokens }) => tokens))).toEqual([
    [512, 512, 276],
    [512, 512],
    [512, 512, 512, 64],
  ])
  expect(traceSummary(trace)).toMatchObject({ requests: 3, spanMs: 1500, sharingRatio: 2048 / 3924, sessions: 0 })
})

test('Bailian: blocks of 16 tokens, seconds, and a turn follows the turn that it names as parent', () => {
  const trace = read('bailian.jsonl')
  expect(rows(trace).map(([atMs]) => Math.round(atMs ?? 0))).toEqual([0, 386, 8886])
  expect(trace.requests.map(({ session }) => session)).toEqual([0, 1, 0])
  expect(trace.requests[2]?.after).toEqual({ index: 0, thinkMs: 0 })
  expect(trace.requests[0]?.prompt.segments.map(({ tokens }) => tokens)).toEqual([16, 16, 8])
})

test('Azure: seven digits of seconds, mixed line ends, no end of the last line; prompts are unique', () => {
  const trace = read('azure.csv')
  expect(rows(trace).map(([atMs, ...tokens]) => [Math.round((atMs ?? 0) * 1000) / 1000, ...tokens])).toEqual([
    [0, 4808, 10],
    [52, 3180, 8],
    [539.187, 374, 14],
  ])
  expect(trace.hasPrefixes).toBe(false)
  expect(traceSummary(trace).sharingRatio).toBe(0)
})

test('Azure of 2024 has a zone and six digits', () => {
  const text = 'TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-29 23:59:59.500000+00:00,10,2\n2024-03-01 00:00:01.250000+00:00,10,2\n'
  const trace = readTrace(text, { name: 'azure', random: seededRandom(1) })
  expect(trace.ok && trace.value.requests.map(({ atMs }) => atMs)).toEqual([0, 1750])
})

test('BurstGPT: failures are left out and said, models are kept', () => {
  const trace = read('burstgpt-1.csv')
  expect(rows(trace)).toEqual([
    [0, 472, 18],
    [113_000, 417, 276],
  ])
  expect(trace.requests.map(({ model, session }) => [model, session])).toEqual([
    ['ChatGPT', -1],
    ['GPT-4', -1],
  ])
  expect(trace.notes).toEqual(['A failure (no request or response tokens) is left out.'])
})

test('BurstGPT with session ids: a request waits for the one before it', () => {
  const trace = read('burstgpt-3.csv')
  expect(trace.requests.map(({ session, after }) => [session, after?.index])).toEqual([
    [0, undefined],
    [-1, undefined],
    [0, 0],
  ])
})

test('Weka: think times, sub-agents in between, and a beginning that all sessions share', () => {
  const trace = read('weka.json')
  expect(trace.requests.map(({ atMs, prompt, after, stream }) => [atMs, prompt.tokens, after?.index, after?.thinkMs, stream])).toEqual([
    [0, 200, undefined, undefined, true],
    [3000, 70, 0, 3000, false],
    [6000, 130, 1, 3000, true],
    [12_000, 260, 2, 6000, true],
  ])
  // 130 tokens of tools and system prompt are two blocks; the third block is the session's own.
  const [first, second] = trace.requests[0]?.prompt.segments ?? []
  expect([first?.id, second?.id].every((id) => (id ?? 0) >= 2 ** 32)).toBe(true)
  const both = joinedTraces('two', [trace, read('weka.json')], [0, 5000])
  const [one, other] = [both.requests[0], both.requests.find(({ session }) => session === 1)]
  expect(one?.prompt.segments.slice(0, 2)).toEqual(other?.prompt.segments.slice(0, 2))
  expect(one?.prompt.segments[2]).not.toEqual(other?.prompt.segments[2])
  expect(both.requests.filter(({ session, after }) => session === 1 && after !== undefined)).toHaveLength(3)
  expect(both.requests.every(({ after }, at) => after === undefined || both.requests[after.index]?.session === both.requests[at]?.session)).toBe(true)
})

test('Weka: a sub-agent in the background delays nobody; without times of the server recorded times stand; global ids are shared', () => {
  const request = (t: number, ids: number[], more = {}): unknown => ({ t, type: 's', in: 64 * ids.length, out: 1, hash_ids: ids, ...more })
  const session = {
    block_size: 64,
    hash_id_scope: 'global',
    requests: [
      request(0, [1], { api_time: 4 }),
      { t: 1, type: 'subagent', status: 'async_launched', requests: [request(1, [2], { api_time: 50 })] },
      request(10, [1, 3], { api_time: 2 }),
      request(20, [1, 3, 4]),
      request(30, [1, 3, 5]),
    ],
  }
  const text = JSON.stringify(session)
  const trace = readTrace(`${text}\n${text}`, { name: 'w', random: seededRandom(3) })
  if (!trace.ok) throw new Error(trace.error.message)
  const own = trace.value.requests.filter(({ session: number }) => number === 0)
  expect(own.map(({ atMs, after }) => [atMs, after?.thinkMs])).toEqual([
    [0, undefined],
    [1000, undefined],
    [6000, 6000],
    [14_000, 8000],
    [30_000, 0],
  ])
  expect(new Set(trace.value.requests.flatMap(({ prompt }) => prompt.segments.map(({ id }) => id))).size).toBe(5)
})

test('Weka: one session a line, each later than the one before', () => {
  const line = JSON.stringify(JSON.parse(textOf('weka.json')))
  const trace = readTrace(`${line}\n${line}\n`, { name: 'w', random: seededRandom(3) })
  if (!trace.ok) throw new Error(trace.error.message)
  expect(trace.value.requests).toHaveLength(8)
  const starts = [0, 1].map((session) => trace.value.requests.find((request) => request.session === session)?.atMs ?? -1)
  expect(starts[0]).toBe(0)
  expect(starts[1]).toBeGreaterThan(0)
})

test('agents: texts that begin alike share segments; requests come in order of time', () => {
  const trace = read('agents.jsonl')
  expect(trace.requests.map(({ session }) => session)).toEqual([1, 0, 1])
  const [first, second, tool] = trace.requests
  expect(first?.prompt.segments[0]).toEqual(second?.prompt.segments[0])
  expect(first?.prompt.segments[1]).not.toEqual(second?.prompt.segments[1])
  expect(first?.output.tokens).toBe(2)
  expect(tool?.output.tokens).toBe(40)
  expect(trace.notes).toContain('An answer without text, a call of a tool, is taken to have 40 tokens.')
})

test('decisions: what the reader reads is what records have', () => {
  const read = ['receivedMs', 'attempts', 'model', 'stream', 'priority', 'promptTokens', 'promptTokensEstimated', 'completionTokens'] as const
  // The types hold this together: a renamed field does not compile.
  const names: readonly (keyof DecisionView)[] = read
  for (const line of textOf('decisions.jsonl').trim().split('\n'))
    expect(Object.keys(JSON.parse(line) as object)).toEqual(expect.arrayContaining([...names]))
})

test('decisions: newest first in the file, in order in the trace; without usage the estimate counts', () => {
  const trace = read('decisions.jsonl')
  expect(rows(trace)).toEqual([
    [0, 55, 8],
    [2000, 120, 30],
  ])
  expect(trace.requests[0]).toMatchObject({ stream: false, priority: 2, model: 'm' })
  expect(trace.hasPrefixes).toBe(false)
  expect(trace.notes).toHaveLength(3)
})

test('plain requests: texts, segments, unique rests, follow-ups whose prompt has the answer', () => {
  const trace = read('plain.jsonl')
  const [, asked, text, followUp] = trace.requests
  expect(trace.requests.map(({ atMs }) => atMs)).toEqual([0, 200, 300, 400])
  expect(followUp?.prompt.segments[2]).toEqual(asked?.output)
  expect(followUp?.prompt.tokens).toBe(60)
  // 50 ms by its own time, but 200 ms are for thinking: it cannot come before the last one.
  expect(followUp).toMatchObject({ session: 0, priority: 1, stream: false, after: { index: 1, thinkMs: 200 } })
  expect(text?.prompt.tokens).toBe(5)
})

test('plain requests without times come as a Poisson process, which is said', () => {
  const line = '{"promptTokens": 10, "outputTokens": 1}\n'
  const trace = readTrace(line.repeat(2000), { name: 'x', random: seededRandom(5) })
  if (!trace.ok) throw new Error(trace.error.message)
  expect((trace.value.requests.at(-1)?.atMs ?? 0) / 2000).toBeGreaterThan(900)
  expect((trace.value.requests.at(-1)?.atMs ?? 0) / 2000).toBeLessThan(1100)
  expect(trace.value.notes[0]).toContain('2000 times')
})

const shared = new URL('../../../../../shared/traces/', import.meta.url)

test.skipIf(!existsSync(shared))('the published traces read as published (skipped where they are not there)', () => {
  const readShared = (name: string): Trace => {
    const trace = readTrace(readFileSync(new URL(name, shared), 'utf8'), { name, random: seededRandom(1) })
    if (!trace.ok) throw new Error(trace.error.message)
    return trace.value
  }
  const synthetic = traceSummary(readShared('mooncake_synthetic.jsonl'))
  expect([synthetic.requests, Math.round(synthetic.promptTokensMean), Math.round(synthetic.outputTokensMean)]).toEqual([3993, 15_325, 149])
  const code = traceSummary(readShared('AzureLLMInferenceTrace_code.csv'))
  expect([code.requests, Math.round(code.promptTokensMean), Math.round(code.outputTokensMean)]).toEqual([8819, 2048, 28])
  const agents = traceSummary(readShared('agents/2c6bcb11936bc9edfdee73a6abdd430e.openai_chat.jsonl'))
  expect(agents.sharingRatio).toBeGreaterThan(0.3)
})
