import { seededRandom } from '@signalbox/base'
import { expect, it } from 'vitest'
import { Engine } from './engine.ts'
import { linearSteps } from './step-models.ts'
import type { EngineOptions, EngineRequest } from './types.ts'

/** 12 usable blocks of 4 tokens, 16 tokens a step. */
const options: EngineOptions = {
  model: 'm',
  stepModel: linearSteps({ baseMs: 10, prefillMsPerToken: 1, decodeMsPerSequence: 2, contextMsPerToken: 0.1 }),
  blockTokens: 4,
  blocksTotal: 13,
  sequencesMax: 4,
  batchTokensMax: 16,
  contextTokensMax: 48,
  prefixCaching: true,
}

const tokens = (start: number, count: number) => Uint32Array.from({ length: count }, (_, at) => start + at)

function request(id: string, promptTokens: Uint32Array, answerTokens: number): EngineRequest {
  return { id, promptTokens, answerTokens: tokens(9000, answerTokens), finishReason: 'stop', cacheSeed: '' }
}

const [a, b, c] = [request('A', tokens(100, 20), 12), request('B', tokens(200, 18), 8), request('C', tokens(300, 5), 4)]
/** Its first four blocks are B's. */
const d = request('D', Uint32Array.of(...tokens(200, 16), ...tokens(400, 20)), 2)

/**
 * Worked by hand. `computed`: request, tokens of the step, blocks held. `held`: blocks of all. `ms`: 10, 1 a prompt token, 2
 * a decoding sequence and 0.1 a token of its context. `sampled`: request and index of the token, ! on its last.
 */
const steps: readonly { readonly computed: string; readonly held: number; readonly ms: number; readonly sampled: string; readonly why?: string }[] = [
  { computed: 'A 16/4', held: 4, ms: 26, sampled: '', why: 'the budget cuts the prompt of 20' },
  { computed: 'A 4/5, B 12/3', held: 8, ms: 26, sampled: 'A0', why: 'the rest of the budget goes to B' },
  { computed: 'A 1/6, B 6/5', held: 11, ms: 20.1, sampled: 'A1 B0', why: 'decode and prefill in one step: 10 + 6 + 2 + 2.1' },
  { computed: 'A 1/6, B 1/5', held: 11, ms: 18.1, sampled: 'A2 B1' },
  { computed: 'A 1/6, B 1/5', held: 11, ms: 18.3, sampled: 'A3 B2' },
  { computed: 'A 1/6, B 1/6', held: 12, ms: 18.5, sampled: 'A4 B3', why: 'C has come and finds no block' },
  { computed: 'A 1/7', held: 7, ms: 14.5, sampled: 'A5', why: 'token 25 of A needs a seventh block: B, admitted last, gives up its six' },
  {
    computed: 'A 1/7',
    held: 7,
    ms: 14.6,
    sampled: 'A6',
    why: 'B needs six blocks, its five cached ones included, and five are free; C, behind it, would fit',
  },
  { computed: 'A 1/7', held: 7, ms: 14.7, sampled: 'A7' },
  { computed: 'A 1/7', held: 7, ms: 14.8, sampled: 'A8' },
  { computed: 'A 1/8', held: 8, ms: 14.9, sampled: 'A9', why: 'the eighth block of A was the last full one of B' },
  { computed: 'A 1/8', held: 8, ms: 15, sampled: 'A10' },
  { computed: 'A 1/8', held: 8, ms: 15.1, sampled: 'A11!' },
  { computed: 'B 6/6, C 5/2', held: 8, ms: 21, sampled: 'B4 C0', why: '22 tokens of B, 16 of them still cached' },
  { computed: 'B 1/6, C 1/2', held: 8, ms: 16.9, sampled: 'B5 C1' },
  { computed: 'B 1/6, C 1/2', held: 8, ms: 17.1, sampled: 'B6 C2' },
  { computed: 'B 1/7, C 1/2', held: 9, ms: 17.3, sampled: 'B7! C3!' },
  { computed: 'D 16/8', held: 8, ms: 26, sampled: '', why: '16 tokens of D are cached, 16 more fit the budget' },
  { computed: 'D 4/9', held: 9, ms: 14, sampled: 'D0' },
  { computed: 'D 1/10', held: 10, ms: 15.7, sampled: 'D1!' },
]

it('schedules twenty steps as worked by hand: chunks, a preemption, a blocked queue, cached prefixes', () => {
  const engine = new Engine(options, seededRandom(1))
  let nowMs = 0
  engine.submit(a, nowMs)
  engine.submit(b, nowMs)
  const seen = steps.map((_, index) => {
    if (index === 5) engine.submit(c, nowMs)
    if (index === 17) engine.submit(d, nowMs)
    const ms = engine.beginStep(nowMs) ?? Number.NaN
    const computed = engine.stepSchedule.map((scheduled) => `${scheduled.id} ${scheduled.tokens}/${scheduled.blocks}`).join(', ')
    const held = engine.heldBlocks
    nowMs += ms
    const sampled: string[] = []
    for (const event of engine.endStep(nowMs)) {
      if (event.type === 'token') sampled.push(`${event.id}${event.index}`)
      else sampled.push(`${sampled.pop()}!`)
    }
    return { computed, held, ms: Math.round(ms * 1e6) / 1e6, sampled: sampled.join(' ') }
  })
  expect(seen).toEqual(steps.map(({ computed, held, ms, sampled }) => ({ computed, held, ms, sampled })))
  expect([engine.running, engine.waiting, engine.heldBlocks, engine.beginStep(nowMs)]).toEqual([0, 0, 0, undefined])
})
