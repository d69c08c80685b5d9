import { parse, typeOf } from '@signalbox/promql'
import { type DialectId, dialects, sglangBuckets, vllmBuckets, vllmV0Buckets } from '@signalbox/signals'
import { describe, expect, test } from 'vitest'
import { engineSpeaking, type Ramp, storeOf, traffic, valuesOf } from '../test/fleet.ts'
import { dashboard } from './dashboard.ts'
import { joined, levelOf, meanOf, quantileOfEach, quantilesOf, rateOf } from './expressions.ts'
import { fleetQuestions } from './fleet-questions.ts'
import { hitRatioOf } from './hit-ratio.ts'
import type { Scope } from './types.ts'

const every = Object.keys(dialects) as DialectId[]
const scopeOf = (...spoken: readonly DialectId[]): Scope => ({ dialects: spoken, model: '', window: '60s' })

function numbers(ramps: readonly Ramp[], expr: string | undefined): Record<string, number> {
  return valuesOf(storeOf(ramps), expr ?? '')
}

/** Fleets of two engines with the same traffic, by what their pages show. */
const fleets: readonly [string, readonly DialectId[], readonly Ramp[]][] = [
  ['vLLM V0', ['vllm-v0'], [...engineSpeaking('a', 'vllm-v0'), ...engineSpeaking('b', 'vllm-v0')]],
  ['vLLM 0.9.2, with both names', ['vllm', 'vllm-0.9'], [...engineSpeaking('a', 'vllm', 'vllm-0.9'), ...engineSpeaking('b', 'vllm', 'vllm-0.9')]],
  ['vLLM V1', ['vllm'], [...engineSpeaking('a', 'vllm'), ...engineSpeaking('b', 'vllm')]],
  ['SGLang, with two ranks each', ['sglang'], [...engineSpeaking('a', 'sglang'), ...engineSpeaking('b', 'sglang')]],
  ['a mixture of V1 and SGLang', ['vllm', 'sglang'], [...engineSpeaking('a', 'vllm'), ...engineSpeaking('b', 'sglang')]],
  ['a mixture of V0 and 0.9.2', ['vllm', 'vllm-0.9', 'vllm-v0'], [...engineSpeaking('a', 'vllm-v0'), ...engineSpeaking('b', 'vllm', 'vllm-0.9')]],
  ['TensorRT-LLM', ['trtllm'], [...engineSpeaking('a', 'trtllm'), ...engineSpeaking('b', 'trtllm')]],
]

describe.each(fleets)('the same traffic under %s', (_name, spoken, ramps) => {
  // The whole vocabulary understands a fleet as well as its own dialects do.
  test.each([
    ['its own dialects', scopeOf(...spoken)],
    ['every dialect', scopeOf(...every)],
  ])('reads the same with %s: nothing is lost, nothing counted twice', (_scope, scope) => {
    expect(numbers(ramps, levelOf('sum', 'engine.requests_running', scope))).toEqual({ '': 2 * traffic.running })
    expect(numbers(ramps, levelOf('avg', 'engine.kv_usage', scope))).toEqual({ '': traffic.kvUsage })
    expect(numbers(ramps, levelOf('count', 'engine.kv_usage', scope))).toEqual({ '': 2 })
    expect(numbers(ramps, rateOf('engine.prompt_tokens', scope))['']).toBeCloseTo((2 * traffic.promptTokens) / 60, 9)
    expect(numbers(ramps, rateOf('engine.requests_finished', scope, { by: ['model'] }))).toEqual({ 'model_name=m': expect.closeTo(2, 9) })
    expect(numbers(ramps, hitRatioOf(scope))['']).toBeCloseTo(0.4, 9)
    expect(numbers(ramps, hitRatioOf(scope, ['instance']))).toEqual({ 'instance=a': expect.closeTo(0.4, 9), 'instance=b': expect.closeTo(0.4, 9) })
    expect(numbers(ramps, hitRatioOf(scope, ['model']))).toEqual({ 'model_name=m': expect.closeTo(0.4, 9) })
    expect(numbers(ramps, meanOf('engine.ttft', scope))['']).toBeCloseTo((57 * 0.05 + 3 * 1.9) / 60, 9)
  })

  test('has its quantiles within the bucket that holds them, in each layout', () => {
    for (const { expr } of quantilesOf(0.99, 'engine.ttft', scopeOf(...every))) {
      for (const value of Object.values(numbers(ramps, expr))) {
        // The bucket of 1.9 s is (1, 2.5] in vLLM's layouts and (1, 2] in SGLang's.
        expect(value).toBeGreaterThan(1)
        expect(value).toBeLessThanOrEqual(2.5)
      }
    }
    expect(Object.keys(numbers(ramps, quantileOfEach(0.99, 'engine.ttft', scopeOf(...every)))).length).toBe(
      new Set(spoken.map((id) => (id === 'vllm-0.9' ? 'vllm' : id))).size,
    )
  })
})

test('histograms of different layouts would read far off if they were added: 9.7 s for a true p99 of 1.9 s', () => {
  // At each engine 67 of a thousand requests take 1.9 s, the others 50 ms.
  const slow = (name: string, bounds: readonly number[], instance: string): Ramp[] =>
    [...bounds, Infinity].map((bound) => ({
      labels: { __name__: `${name}_bucket`, instance, le: bound === Infinity ? '+Inf' : String(bound) },
      from: 0,
      to: (bound >= 0.05 ? 933 : 0) + (bound >= 1.9 ? 67 : 0),
    }))
  const vllm = slow('vllm:time_to_first_token_seconds', vllmBuckets.ttft, 'a')
  const sglang = slow('sglang:time_to_first_token_seconds', sglangBuckets.ttft, 'b')
  const summed = numbers(
    [...vllm, ...sglang],
    'histogram_quantile(0.99, sum by (le) ({__name__=~"(vllm|sglang):time_to_first_token_seconds_bucket"}))',
  )['']
  expect(summed).toBeCloseTo(9.7, 2)
  const ours = quantilesOf(0.99, 'engine.ttft', scopeOf('vllm', 'sglang'))
  expect(ours.map(({ title, expr }) => [title, numbers([...vllm, ...sglang], expr)['']])).toEqual([
    ['vLLM V1', expect.closeTo(1 + 1.5 * (57 / 67), 6)],
    ['SGLang', expect.closeTo(1 + 57 / 67, 6)],
  ])
})

describe('generations that share a name', () => {
  test('have layouts of which one is a part of the other, and are still kept apart', () => {
    expect(vllmBuckets.ttft.slice(0, vllmV0Buckets.ttft.length)).toEqual(vllmV0Buckets.ttft)
    const [first, second] = quantilesOf(0.5, 'engine.ttft', scopeOf('vllm', 'vllm-v0'))
    expect([first?.title, second?.title]).toEqual(['vLLM V1', 'vLLM V0'])
    expect(first?.expr).toContain('and on (instance) vllm:kv_cache_usage_perc')
    expect(second?.expr).toContain('unless on (instance) vllm:kv_cache_usage_perc')
  })

  test('are not looked for where only one of them is spoken', () => {
    expect(quantilesOf(0.99, 'engine.ttft', scopeOf('vllm')).map(({ expr }) => expr)).toEqual([
      'histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[60s])))',
    ])
  })
})

describe('expressions', () => {
  test('take each instance under the first name that it shows', () => {
    expect(joined('sum', ['le'], ['rate(new[1m])', 'rate(old[1m])'])).toBe('sum by (le) (rate(new[1m]) or on (instance) rate(old[1m]))')
    expect(joined('max', [], [])).toBeUndefined()
  })

  test('write values in the unit of the signal, whatever the dialect writes', () => {
    expect(rateOf('gpu.energy', scopeOf('dcgm'))).toMatch(/ \/ 1000\)$/)
    const used = { labels: { __name__: 'DCGM_FI_DEV_FB_USED', instance: 'g', gpu: '0' }, from: 2, to: 2 }
    expect(numbers([used], levelOf('sum', 'gpu.memory_used', scopeOf('dcgm')))).toEqual({ '': 2 * 1_048_576 })
    expect(meanOf('gateway.ttft', scopeOf('llumnix'))).toBe(
      'sum(rate(request_ttft_milliseconds_sum[60s]) / 1000) / (sum(rate(request_ttft_milliseconds_count[60s])) > 0)',
    )
    expect(meanOf('gateway.ttft', scopeOf('llumnix'), { unscaled: true })).not.toContain('1000')
  })

  test('leave out what a dialect writes for "not known"', () => {
    const off = { labels: { __name__: 'vllm:gpu_prefix_cache_hit_rate', instance: 'a', model_name: 'm' }, from: -1, to: -1 }
    expect(numbers([off], levelOf('avg', 'engine.prefix_hit_ratio', scopeOf('vllm-v0')))).toEqual({})
    const blank = { labels: { __name__: 'DCGM_FI_DEV_POWER_USAGE', instance: 'g', gpu: '0' }, from: 2_147_483_632, to: 2_147_483_632 }
    expect(numbers([blank], levelOf('sum', 'gpu.power', scopeOf('dcgm')))).toEqual({})
  })

  test('call a label as the first dialect of the scope does', () => {
    const scope = scopeOf('vllm', 'triton')
    const triton = {
      labels: { __name__: 'nv_trt_llm_request_metrics', instance: 'b', model: 'n', request_type: 'waiting' },
      from: 7,
      to: 7,
    }
    expect(numbers([triton], levelOf('sum', 'engine.requests_waiting', scope, { by: ['model'] }))).toEqual({ 'model_name=n': 7 })
  })

  test('ask a dialect without a model label by a label that the scrape may have attached', () => {
    expect(levelOf('sum', 'engine.requests_running', { ...scopeOf('tgi'), model: 'm' })).toBe('sum(tgi_batch_current_size{model="m"})')
    expect(levelOf('sum', 'engine.requests_running', { ...scopeOf('vllm'), model: '$model' })).toBe(
      'sum(vllm:num_requests_running{model_name=~"$model"})',
    )
  })

  test('do not read 0 where cached tokens are not reported', () => {
    const tokens = { labels: { __name__: 'llamacpp:prompt_tokens_total', instance: 'a' }, from: 0, to: 600 }
    expect(numbers([tokens], hitRatioOf(scopeOf('llamacpp')))).toEqual({})
  })

  test('answer that there is nothing to ask where no dialect has the signal', () => {
    expect(rateOf('engine.prefix_hits', scopeOf('tgi'))).toBeUndefined()
    expect(hitRatioOf(scopeOf('tgi'))).toBeUndefined()
    expect(quantileOfEach(0.9, 'gateway.ttft', scopeOf('inference-model'))).toBeUndefined()
  })

  test.each(['', 'llama-3', '$model', 'strange "name" \\ with\nlines'])('are all PromQL of an instant vector for the model %j', (model) => {
    for (const spoken of [...every.map((id) => [id]), every]) {
      const scope: Scope = { dialects: spoken, model, window: '60s' }
      const { ttft, outcomes, hits } = fleetQuestions(scope)
      const exprs = [
        ...dashboard(scope).flatMap(({ queries }) => queries.map(({ expr }) => expr)),
        ...[ttft, outcomes, hits].filter((expr) => expr !== ''),
      ]
      for (const expr of exprs) {
        const parsed = parse(expr)
        expect(parsed.ok ? typeOf(parsed.value) : parsed.error.message, expr).toBe('instant vector')
      }
    }
  })
})

describe('the questions of the verdict', () => {
  const counter = (name: string, to: number, labels: Readonly<Record<string, string>>): Ramp => ({
    labels: { __name__: name, instance: 'g', ...labels },
    from: 0,
    to,
  })

  test('are answered by whichever gateway names there are', () => {
    const picker = [
      counter('inference_objective_request_total', 60, { model_name: 'm', target_model_name: 'm', priority: '0' }),
      counter('inference_objective_request_error_total', 6, { model_name: 'm', target_model_name: 'm', error_code: 'Internal' }),
    ]
    expect(numbers(picker, fleetQuestions(scopeOf('inference-objective')).outcomes)).toEqual({
      'model=m,model_name=m,outcome=error': expect.closeTo(0.1, 9),
      'model=m,model_name=m,outcome=ok': expect.closeTo(0.9, 9),
    })
    const own = [counter('signalbox_requests_total', 60, { model: 'm', outcome: 'ok' })]
    expect(numbers(own, fleetQuestions(scopeOf('signalbox', 'llm-d-epp')).outcomes)).toEqual({ 'model=m,outcome=ok': 1 })
    const llumnix = [
      counter('request_total', 60, { model: 'm', status_code: '500' }),
      counter('request_total', 60, { model: 'm', status_code: '200' }),
    ]
    expect(numbers(llumnix, fleetQuestions(scopeOf('llumnix')).outcomes)).toEqual({ 'model=m,outcome=error': 1, 'model=m': 1 })
  })

  test('fall back on the engines for the first token', () => {
    expect(Object.keys(numbers(engineSpeaking('a', 'vllm'), fleetQuestions(scopeOf('vllm')).ttft))).toEqual(['model=m,model_name=m'])
  })
})

describe('the panels', () => {
  const hits = (instance: string, from: number, to: number): Ramp => ({
    labels: { __name__: 'vllm:prefix_cache_hits_total', instance, model_name: 'm', engine: '0' },
    from,
    to,
  })
  const queries = (instance: string, from: number, to: number): Ramp => ({
    labels: { __name__: 'vllm:prefix_cache_queries_total', instance, model_name: 'm', engine: '0' },
    from,
    to,
  })

  test('weigh the hit rate of the fleet by lookups, not by endpoints', () => {
    const fleet = [hits('a', 0, 90), queries('a', 0, 100), hits('b', 0, 0), queries('b', 0, 900)]
    expect(numbers(fleet, hitRatioOf(scopeOf('vllm')))['']).toBeCloseTo(0.09, 12)
    expect(numbers(fleet, hitRatioOf(scopeOf('vllm'), ['instance']))).toEqual({ 'instance=a': expect.closeTo(0.9, 12), 'instance=b': 0 })
  })

  test('give no hit rate, rather than NaN, where nothing is looked up', () => {
    const idle = [hits('a', 5, 5), queries('a', 9, 9), hits('b', 0, 1), queries('b', 0, 2)]
    expect(numbers(idle, hitRatioOf(scopeOf('vllm'), ['instance']))).toEqual({ 'instance=b': expect.closeTo(0.5, 12) })
  })

  test('show the mean engine of the fleet and the fullest engine of each endpoint', () => {
    const usage = (instance: string, engine: string, value: number): Ramp => ({
      labels: { __name__: 'vllm:kv_cache_usage_perc', instance, engine, model_name: 'm' },
      from: value,
      to: value,
    })
    const fleet = [usage('a', '0', 0.2), usage('a', '1', 0.9), usage('b', '0', 0.1)]
    const [mean, fullest] = dashboard(scopeOf('vllm', 'vllm-0.9', 'sglang')).find(({ id }) => id === 'kv-usage')?.queries ?? []
    expect(numbers(fleet, mean?.expr)['']).toBeCloseTo(0.4, 12)
    expect(numbers(fleet, fullest?.expr)).toEqual({ 'instance=a': 0.9, 'instance=b': 0.1 })
    const other = dashboard({ ...scopeOf('vllm'), model: 'another model' }).find(({ id }) => id === 'kv-usage')?.queries[1]
    expect(numbers(fleet, other?.expr)).toEqual({})
  })
})
