import { prefixHashes } from '@signalbox/scheduler'
import { describe, expect, it } from 'vitest'
import { bytesOf, promptOf, type Segment } from './prompt.ts'
import { commonTokens, PromptCache } from './prompt-cache.ts'
import type { Trace, TraceRequest } from './trace.ts'

function run(id: number, tokens: number): Segment {
  return { id, tokens }
}

function traceOf(requests: readonly Partial<TraceRequest>[]): Trace {
  const usual: TraceRequest = {
    atMs: 0,
    prompt: promptOf([run(1, 100)]),
    output: run(99, 10),
    model: '',
    session: -1,
    after: undefined,
    priority: 0,
    stream: true,
  }
  return { name: 't', source: 'test', hasPrefixes: true, notes: [], requests: requests.map((request) => ({ ...usual, ...request })) }
}

describe('what gateways see of prompts', () => {
  it('is their text, hashed by block with the model as the seed', () => {
    const prompt = promptOf([run(7, 300), run(8, 50)])
    const cache = new PromptCache(traceOf([{ prompt, model: 'm' }]))
    const text = bytesOf(prompt)
    expect(cache.scanned(0)).toEqual({ bytes: text.length, hashes: prefixHashes(text, 0, text.length, 'm') })
  })

  it('is kept while there is room, and the same without room', () => {
    const trace = traceOf([{ prompt: promptOf([run(1, 1000)]) }, { prompt: promptOf([run(2, 1000)]) }])
    const cache = new PromptCache(trace, 200)
    expect(cache.scanned(0)).toBe(cache.scanned(0))
    expect(cache.scanned(1)).not.toBe(cache.scanned(1))
    expect(cache.scanned(1)).toEqual(new PromptCache(trace).scanned(1))
  })
})

describe('distinct tokens', () => {
  it('count what nobody asked or was answered before at that place', () => {
    const requests = [
      { prompt: promptOf([run(1, 100), run(2, 50)]), output: run(3, 20) },
      // The turn after it: question and answer come back, 30 tokens are new.
      { prompt: promptOf([run(1, 100), run(2, 50), run(3, 20), run(4, 30)]) },
      // A shorter run of the same name is a beginning: nothing is new.
      { prompt: promptOf([run(1, 60)]) },
      // A longer one has a new end.
      { prompt: promptOf([run(1, 130)]) },
      // The same runs elsewhere are other tokens to a cache of prefixes.
      { prompt: promptOf([run(2, 50), run(1, 100)]) },
      // And another model has a cache of its own.
      { prompt: promptOf([run(1, 100)]), model: 'other' },
    ]
    expect(new PromptCache(traceOf(requests)).distinctTokens).toBe(150 + 30 + 0 + 30 + 150 + 100)
  })
})

describe('common tokens of two prompts', () => {
  it('end at the first run that differs in name or length', () => {
    const prompt = promptOf([run(1, 10), run(2, 10), run(3, 10)])
    expect(commonTokens(prompt, prompt)).toBe(30)
    expect(commonTokens(prompt, promptOf([run(1, 10), run(2, 4), run(3, 10)]))).toBe(14)
    expect(commonTokens(prompt, promptOf([run(1, 10), run(9, 10)]))).toBe(10)
    expect(commonTokens(prompt, promptOf([run(2, 10)]))).toBe(0)
  })
})
