import { dialectEntries, inSpelling, type PrefixRule, prefixRules } from '@signalbox/signals'
import { describe, expect, test } from 'vitest'
import { engineSpeaking, engineSpelling, type Ramp, storeOf, traffic, valuesOf } from '../test/fleet.ts'
import { dashboard } from './dashboard.ts'
import { levelOf, meanOf, quantilesOf, rateOf } from './expressions.ts'
import { hitRatioOf } from './hit-ratio.ts'
import { dashboardPlans } from './plans.ts'
import { presentDialects, presentSpellings } from './present-dialects.ts'
import { rules } from './rules/rules.ts'
import { modelSources } from './selectors.ts'
import type { Scope } from './types.ts'

function ruleOf(prefix: string): PrefixRule {
  const rule = prefixRules.find((entry) => entry.prefix === prefix)
  if (rule === undefined) throw new Error(`no spelling ${prefix}`)
  return rule
}
const [ray, newerRay, mapped, sglang] = [ruleOf('ray_vllm:'), ruleOf('ray_vllm_'), ruleOf('vllm_'), ruleOf('sglang_')]

/** What a store of these series would be asked with. */
function scopeOfStore(ramps: readonly Ramp[]): Scope {
  const names = ramps.map(({ labels }) => labels.__name__ ?? '')
  return { dialects: presentDialects(names), spellings: presentSpellings(names), model: '', window: '60s' }
}

function numbers(ramps: readonly Ramp[], expr: string | undefined): Record<string, number> {
  return valuesOf(storeOf(ramps), expr ?? '')
}

/** Fleets of two engines with the same traffic, by what their pages show. */
const fleets: readonly [string, readonly Ramp[]][] = [
  ['Ray', [...engineSpelling('a', ray, 'vllm'), ...engineSpelling('b', ray, 'vllm')]],
  ['Ray under V0', [...engineSpelling('a', ray, 'vllm-v0'), ...engineSpelling('b', ray, 'vllm-v0')]],
  ['Ray, with both names of vLLM 0.9.2', [...engineSpelling('a', ray, 'vllm', 'vllm-0.9'), ...engineSpelling('b', ray, 'vllm', 'vllm-0.9')]],
  ['Ray in two spellings', [...engineSpelling('a', ray, 'vllm'), ...engineSpelling('b', newerRay, 'vllm')]],
  ['Ray beside plain vLLM', [...engineSpelling('a', ray, 'vllm'), ...engineSpeaking('b', 'vllm')]],
  ['Ray under V0 beside plain V1', [...engineSpelling('a', ray, 'vllm-v0'), ...engineSpeaking('b', 'vllm')]],
  ['Ray under V1 beside plain V0', [...engineSpelling('a', ray, 'vllm'), ...engineSpeaking('b', 'vllm-v0')]],
  [
    'one engine in two spellings at once',
    [...engineSpeaking('a', 'vllm'), ...engineSpelling('a', mapped, 'vllm'), ...engineSpelling('b', mapped, 'vllm')],
  ],
  ['SGLang without a colon', [...engineSpelling('a', sglang, 'sglang'), ...engineSpelling('b', sglang, 'sglang')]],
  ['SGLang without a colon beside Ray', [...engineSpelling('a', sglang, 'sglang'), ...engineSpelling('b', ray, 'vllm')]],
]

describe.each(fleets)('the same traffic under %s', (_name, ramps) => {
  // The whole catalogue of spellings understands a fleet as well as its own do.
  test.each([
    ['its own spellings', scopeOfStore(ramps)],
    ['every spelling', { ...scopeOfStore(ramps), spellings: prefixRules }],
  ])('reads the same with %s: nothing is lost, nothing counted twice', (_scope, scope) => {
    const rate = (perEngine: number) => expect.closeTo(perEngine / 60, 9)
    expect(numbers(ramps, levelOf('sum', 'engine.requests_running', scope))).toEqual({ '': 2 * traffic.running })
    expect(numbers(ramps, levelOf('avg', 'engine.kv_usage', scope))).toEqual({ '': traffic.kvUsage })
    expect(numbers(ramps, levelOf('count', 'engine.kv_usage', scope))).toEqual({ '': 2 })
    expect(numbers(ramps, rateOf('engine.prompt_tokens', scope, { by: ['instance'] }))).toEqual({
      'instance=a': rate(traffic.promptTokens),
      'instance=b': rate(traffic.promptTokens),
    })
    expect(numbers(ramps, rateOf('engine.requests_finished', scope, { by: ['model'] }))).toEqual({ 'model_name=m': expect.closeTo(2, 9) })
    expect(numbers(ramps, hitRatioOf(scope))).toEqual({ '': expect.closeTo(0.4, 9) })
    expect(numbers(ramps, hitRatioOf(scope, ['instance']))).toEqual({ 'instance=a': expect.closeTo(0.4, 9), 'instance=b': expect.closeTo(0.4, 9) })
    expect(numbers(ramps, hitRatioOf(scope, ['model']))).toEqual({ 'model_name=m': expect.closeTo(0.4, 9) })
    expect(numbers(ramps, meanOf('engine.ttft', scope))).toEqual({ '': expect.closeTo((57 * 0.05 + 3 * 1.9) / 60, 9) })
  })

  test('has its quantiles under the title of its dialect, one for each layout', () => {
    const scope = scopeOfStore(ramps)
    const terms = quantilesOf(0.99, 'engine.ttft', scope)
    const layouts = new Set(scope.dialects.map((id) => (id === 'vllm-0.9' ? 'vllm' : id)))
    expect(terms.filter(({ expr }) => Object.keys(numbers(ramps, expr)).length === 1)).toHaveLength(layouts.size)
    // The bucket of 1.9 s is (1, 2.5] in vLLM's layouts and (1, 2] in SGLang's; 99 of 100 lie 80 % up the three slow ones.
    for (const { expr, title } of terms) {
      for (const value of Object.values(numbers(ramps, expr))) expect(value).toBeCloseTo(title === 'SGLang' ? 1.8 : 2.2, 6)
    }
  })
})

test('without other spellings expressions are what they were: nothing is asked in vain', () => {
  const plain: Scope = { dialects: ['vllm', 'vllm-v0', 'sglang'], model: '', window: '60s' }
  expect(dashboard({ ...plain, spellings: [] })).toEqual(dashboard(plain))
  // A spelling of a dialect that nobody speaks adds nothing either.
  expect(dashboard({ ...plain, spellings: [ruleOf('llm_d_router_epp_')] })).toEqual(dashboard(plain))
  expect(levelOf('sum', 'engine.requests_running', { ...plain, dialects: ['vllm'], spellings: [ray] })).toBe(
    'sum(vllm:num_requests_running or on (instance) ray_vllm:num_requests_running)',
  )
})

test('the generations of a spelling are told apart by names of that spelling', () => {
  const scope: Scope = { dialects: ['vllm', 'vllm-v0'], spellings: [ray], model: '', window: '60s' }
  const [v1, v0] = quantilesOf(0.5, 'engine.ttft', scope)
  expect(v1?.expr).toContain('rate(ray_vllm:time_to_first_token_seconds_bucket[60s]) and on (instance) ray_vllm:kv_cache_usage_perc')
  expect(v0?.expr).toContain('rate(ray_vllm:time_to_first_token_seconds_bucket[60s]) unless on (instance) ray_vllm:kv_cache_usage_perc')
})

test('dashboards, the choice of a model, alerts and their tests go along', () => {
  const spoken = { dialects: ['vllm'] as const, spellings: [ray, newerRay] }
  const overview = dashboardPlans.find(({ uid }) => uid === 'vllm-overview')?.build({ ...spoken, model: '$model', window: '$__rate_interval' })
  expect(overview?.variables[0]?.selector).toBe('{__name__=~"vllm:num_requests_running|ray_vllm:num_requests_running|ray_vllm_num_requests_running"}')
  expect(modelSources(spoken)).toEqual([
    { label: 'model_name', match: ['vllm:num_requests_running', 'ray_vllm:num_requests_running', 'ray_vllm_num_requests_running'] },
  ])
  const objectives = { ttftSeconds: 2, tpotSeconds: 0.1, ttftRatio: 0.95, tpotRatio: 0.95, successRatio: 0.99 }
  const exprs = (set: ReturnType<typeof rules>) => set.groups.flatMap((group) => group.rules.map(({ expr }) => expr))
  const [ours, plain] = [exprs(rules({ ...spoken, objectives })), exprs(rules({ dialects: ['vllm'], objectives }))]
  expect(ours).toHaveLength(plain.length)
  const asks = plain.filter((expr) => expr.includes('vllm:'))
  expect(asks.length).toBeGreaterThan(0)
  expect(ours.filter((expr) => expr.includes('ray_vllm:') && expr.includes('ray_vllm_'))).toHaveLength(asks.length)
})

test('every spelling has labels that no name of its dialects uses for something else', () => {
  for (const rule of prefixRules) {
    const own = new Set(
      dialectEntries.filter(({ name }) => inSpelling(name, rule) !== undefined).flatMap(({ labels }) => labels.map(({ name }) => name)),
    )
    expect(rule.labels.filter((label) => own.has(label))).toEqual([])
  }
})
