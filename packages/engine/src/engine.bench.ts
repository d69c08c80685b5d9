import { seededRandom } from '@signalbox/base'
import { bench, describe } from 'vitest'
import { Engine } from './engine.ts'
import { profiles } from './profiles.ts'
import type { EngineOptions, EngineRequest } from './types.ts'

const { options } = profiles.get('8b-h100') as { options: EngineOptions }
const OPTIONS = { iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 }

function promptOf(seed: number, tokens: number): Uint32Array {
  return Uint32Array.from({ length: tokens }, (_, at) => Math.imul(seed * 31 + at, 0x9e37_79b9) >>> 0)
}

function requestOf(id: number, prompt: Uint32Array, answerTokens: number): EngineRequest {
  return { id: `r${id}`, promptTokens: prompt, answerTokens: new Uint32Array(answerTokens), finishReason: 'length', cacheSeed: '' }
}

/** Steps until nothing is left; answers how many events there were. */
function drain(engine: Engine): number {
  let events = 0
  let nowMs = 0
  for (let ms = engine.beginStep(nowMs); ms !== undefined; ms = engine.beginStep(nowMs)) {
    nowMs += ms
    events += engine.endStep(nowMs).length
  }
  return events
}

describe('decode, 100,000 tokens', () => {
  for (const sequences of [1, 16, 256]) {
    const requests = Array.from({ length: sequences }, (_, at) => requestOf(at, promptOf(at, 64), Math.round(100_000 / sequences)))
    bench(
      `${sequences} sequences at once`,
      () => {
        const engine = new Engine(options, seededRandom(1))
        for (const request of requests) engine.submit(request, 0)
        drain(engine)
      },
      OPTIONS,
    )
  }
})

describe('prompts, 2,000,000 tokens', () => {
  for (const [title, shared] of [
    ['new', false],
    ['cached but the first', true],
  ] as const) {
    const requests = Array.from({ length: 200 }, (_, at) => requestOf(at, promptOf(shared ? 1 : at, 10_000), 1))
    bench(
      title,
      () => {
        const engine = new Engine(options, seededRandom(1))
        for (const request of requests) engine.submit(request, 0)
        drain(engine)
      },
      OPTIONS,
    )
  }
})

describe('out of blocks, 64 of 1,000 requests of 2,000 tokens fit', () => {
  const requests = Array.from({ length: 1000 }, (_, at) => requestOf(at, promptOf(at, 2000), 100))
  bench(
    '2,100,000 tokens',
    () => {
      const engine = new Engine({ ...options, blocksTotal: 8500 }, seededRandom(1))
      for (const request of requests) engine.submit(request, 0)
      drain(engine)
    },
    OPTIONS,
  )
})
