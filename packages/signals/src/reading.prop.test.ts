import { Labels } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectDialect } from './detect.ts'
import { dialectEntries } from './dialects.ts'
import { meaningsOf, spellingsOf } from './names.ts'
import type { Sample } from './page-reader.ts'
import { engineMetricNames, readEngineState } from './reading.ts'

const labels = fc
  .record({
    engine: fc.constantFrom('', '0', '1'),
    dp_rank: fc.constantFrom('', '0', '1'),
    tp_rank: fc.constantFrom('', '0', '1'),
    model_name: fc.constantFrom('', 'm'),
    request_type: fc.constantFrom('', 'scheduled', 'waiting', 'max'),
    kv_cache_block_type: fc.constantFrom('', 'fraction', 'max', 'used', 'tokens_per'),
    block_size: fc.constantFrom('', '16'),
    num_gpu_blocks: fc.constantFrom('', '100', 'None'),
    running_lora_adapters: fc.constantFrom('', 'a', 'b,c'),
  })
  .map((record) => Labels.from(record))
const value = fc.oneof(fc.integer({ min: -1, max: 1000 }), fc.double({ min: 0, max: 1 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY))
const sampleOf = (name: fc.Arbitrary<string>): fc.Arbitrary<Sample> => fc.record({ name, labels, value })

function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected)
}

const state = sampleOf(fc.constantFrom(...engineMetricNames))
const unrelatedNames = dialectEntries.flatMap(spellingsOf).filter((name) => !engineMetricNames.has(name))
const unrelated = sampleOf(fc.oneof(fc.constantFrom('up', 'process_cpu_seconds_total'), fc.constantFrom(...unrelatedNames)))

describe('the reading of an engine', () => {
  it('does not depend on the order of the lines', () => {
    const page = fc
      .array(state, { maxLength: 30 })
      .chain((samples) => fc.tuple(fc.constant(samples), fc.shuffledSubarray(samples, { minLength: samples.length })))
    fc.assert(fc.property(page, ([samples, shuffled]) => same(readEngineState(shuffled), readEngineState(samples))))
  })

  it('does not depend on families that say nothing of its state', () => {
    const mixed = fc.tuple(fc.array(state, { maxLength: 20 }), fc.array(unrelated, { maxLength: 20 }))
    fc.assert(fc.property(mixed, ([samples, others]) => same(readEngineState([...others, ...samples, ...others]), readEngineState(samples))))
  })

  it('is the same when every line is repeated', () => {
    fc.assert(fc.property(fc.array(state, { maxLength: 20 }), (samples) => same(readEngineState([...samples, ...samples]), readEngineState(samples))))
  })

  it('never adds twins up: deprecated names beside the current ones change nothing', () => {
    const engines = fc.uniqueArray(fc.record({ engine: fc.nat(5), running: fc.nat(500), usage: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      minLength: 1,
      selector: ({ engine }) => engine,
    })
    const page = (rows: readonly { engine: number; running: number; usage: number }[], usageNames: readonly string[]): Sample[] =>
      rows.flatMap(({ engine, running, usage }) => {
        const own = Labels.from({ engine: String(engine), model_name: 'm' })
        return [
          { name: 'vllm:num_requests_running', labels: own, value: running },
          ...usageNames.map((name) => ({ name, labels: own, value: usage })),
        ]
      })
    fc.assert(
      fc.property(engines, (rows) => {
        const both = readEngineState(page(rows, ['vllm:gpu_cache_usage_perc', 'vllm:kv_cache_usage_perc']))
        expect(both).toEqual(readEngineState(page(rows, ['vllm:kv_cache_usage_perc'])))
        expect(both).toEqual(readEngineState(page(rows, ['vllm:gpu_cache_usage_perc'])))
        expect(both?.runningRequests).toBe(rows.reduce((sum, { running }) => sum + running, 0))
      }),
    )
  })
})

describe('the dialect of a page', () => {
  const names = fc.array(fc.constantFrom(...dialectEntries.flatMap(spellingsOf), 'up', 'go_info'), { maxLength: 40 })

  it('does not depend on the order of the names', () => {
    const shuffled = names.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(fc.property(shuffled, ([list, other]) => same(detectDialect(other), detectDialect(list))))
  })

  it('is told by names of the page that it has', () => {
    fc.assert(
      fc.property(names, (list) => {
        const detected = detectDialect(list)
        for (const name of detected?.telling ?? []) {
          expect(list).toContain(name)
          expect(meaningsOf(name).length).toBeGreaterThan(0)
        }
      }),
    )
  })
})
