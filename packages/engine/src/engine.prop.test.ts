import { seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Engine } from './engine.ts'
import type { EngineObserver, EngineStep, FinishedRequest, LookedUpPrompt } from './ports.ts'
import { linearSteps } from './step-models.ts'
import type { EngineEvent } from './types.ts'

/** Adds up what the engine tells. */
class Tally implements EngineObserver {
  queries = 0
  hits = 0
  admissions = 0
  firsts = 0
  laters = 0
  generated = 0
  preemptions = 0
  refusals = 0
  readonly ends: FinishedRequest[] = []
  refused(): void {
    this.refusals += 1
  }
  admitted({ promptTokens, cachedTokens }: LookedUpPrompt): void {
    this.admissions += 1
    this.queries += promptTokens
    this.hits += cachedTokens
  }
  firstToken(): void {
    this.firsts += 1
  }
  laterToken(gapMs: number): void {
    expect(gapMs).toBeGreaterThan(0)
    this.laters += 1
  }
  stepped({ generatedTokens }: EngineStep): void {
    this.generated += generatedTokens
  }
  preempted(): void {
    this.preemptions += 1
  }
  kvExpired(): void {}
  finished(request: FinishedRequest): void {
    this.ends.push(request)
  }
}

const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      family: fc.nat(2),
      prompt: fc.integer({ min: 1, max: 50 }),
      output: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(40) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
)

it('loses no block, no request and no token, whatever comes in whatever order', () => {
  let preemptions = 0
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150 }), fc.boolean(), (operations, prefixCaching) => {
      const tally = new Tally()
      const engine = new Engine(
        {
          model: 'm',
          stepModel: linearSteps({ baseMs: 1, prefillMsPerToken: 0.1, decodeMsPerSequence: 0.1, contextMsPerToken: 0 }),
          blockTokens: 4,
          blocksTotal: 25,
          sequencesMax: 6,
          batchTokensMax: 24,
          contextTokensMax: 96,
          prefixCaching,
          waitingMax: 8,
        },
        seededRandom(1),
        tally,
      )
      const asked = new Map<string, number>()
      const ended = new Map<string, EngineEvent & { type: 'finish' }>()
      const tokens = new Map<string, number>()
      let nowMs = 0
      let refusals = 0
      let stepping = false
      const take = (events: readonly EngineEvent[]) => {
        for (const event of events) {
          expect(ended.has(event.id)).toBe(false)
          if (event.type === 'finish') ended.set(event.id, event)
          else {
            expect(event.index).toBe(tokens.get(event.id) ?? 0)
            tokens.set(event.id, event.index + 1)
          }
        }
      }
      const end = () => {
        take(engine.endStep(nowMs))
        stepping = false
      }
      for (const [index, step] of operations.entries()) {
        nowMs += 1
        if (step.do === 'submit') {
          const promptTokens = Uint32Array.from({ length: step.prompt }, (_, at) => step.family * 1000 + at)
          const id = `r${index}`
          const result = engine.submit({ id, promptTokens, answerTokens: new Uint32Array(step.output), finishReason: 'stop', cacheSeed: 'm' }, nowMs)
          if (result.ok) asked.set(id, step.output)
          else refusals += 1
        } else if (step.do === 'abort') take(engine.abort([...asked.keys()][step.which] ?? 'nobody', nowMs))
        else if (step.do === 'begin' && !stepping) stepping = engine.beginStep(nowMs) !== undefined
        else if (step.do === 'end' && stepping) end()
        expect(engine.freeBlocks + engine.heldBlocks).toBe(24)
        expect(engine.running + engine.waiting).toBe(asked.size - ended.size)
      }
      if (stepping) end()
      for (let steps = 0; engine.beginStep(nowMs) !== undefined; steps++) {
        expect(steps).toBeLessThan(5000)
        nowMs += 1
        take(engine.endStep(nowMs))
      }
      expect(engine.heldBlocks).toBe(0)
      expect([...ended.keys()].sort()).toEqual([...asked.keys()].sort())
      for (const [id, event] of ended) {
        expect(event.outputTokens).toBe(tokens.get(id) ?? 0)
        if (event.reason === 'stop') expect(event.outputTokens).toBe(asked.get(id))
      }
      expect(tally.ends.length).toBe(asked.size)
      expect(tally.refusals).toBe(refusals)
      expect(tally.ends.reduce((sum, request) => sum + request.preemptions, 0)).toBe(tally.preemptions)
      expect(tally.generated).toBe([...tokens.values()].reduce((sum, count) => sum + count, 0))
      expect(tally.firsts + tally.laters).toBe(tally.generated)
      expect(tally.hits).toBeLessThanOrEqual(tally.queries)
      preemptions += tally.preemptions
    }),
    { numRuns: 300 },
  )
  expect(preemptions).toBeGreaterThan(0)
})
