import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { type SignalId, signals } from './catalog.ts'
import { dialects } from './dialect-list.ts'
import { dialectEntries, entriesFor, entriesOf, prefixRules } from './dialects.ts'
import { meaningsOf } from './names.ts'
import type { DialectEntry } from './types.ts'
import { fromDialect, isBlank, toDialect, unitOf } from './units.ts'
import { compareVersions } from './versions.ts'

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const at = (entry: DialectEntry) => `${entry.dialect} ${entry.name}`
const wrong = (isRight: (entry: DialectEntry) => boolean) => dialectEntries.filter((entry) => !isRight(entry)).map(at)

describe('every signal', () => {
  it('says what it is and what it is for, and has a name in some dialect', () => {
    const silent = (Object.keys(signals) as SignalId[]).filter((id) => {
      const { definition, purpose, labels } = signals[id]
      return (
        !/^\S.*\.$/.test(definition) || purpose === '' || purpose.endsWith('.') || new Set(labels).size < labels.length || entriesFor(id).length === 0
      )
    })
    expect(silent).toEqual([])
  })
})

describe('every entry', () => {
  it('has a source, a help text and valid names', () => {
    expect(wrong(({ source, help, name }) => source.length > 5 && help !== '' && METRIC_NAME.test(name))).toEqual([])
    expect(
      wrong(({ labels, where }) => [...labels.map(({ name }) => name), ...Object.keys(where ?? {})].every((name) => LABEL_NAME.test(name))),
    ).toEqual([])
  })

  it('maps labels that its signal has, each of its own once', () => {
    expect(wrong(({ signal, labels }) => labels.every(({ from }) => (signals[signal].labels as readonly string[]).includes(from)))).toEqual([])
    expect(wrong(({ labels }) => new Set(labels.map(({ name }) => name)).size === labels.length)).toEqual([])
  })

  it('counts only series of label values that its signal has and that it does not show', () => {
    const populated = dialectEntries.filter(({ population }) => population !== undefined)
    expect(populated.length).toBeGreaterThan(0)
    expect(
      wrong(({ signal, labels, population = {} }) =>
        Object.keys(population).every(
          (label) => (signals[signal].labels as readonly string[]).includes(label) && labels.every(({ from }) => from !== label),
        ),
      ),
    ).toEqual([])
  })

  it("has the type of its signal's kind", () => {
    expect(wrong(({ signal, type }) => type === (signals[signal].kind === 'info' ? 'gauge' : signals[signal].kind))).toEqual([])
  })

  it('writes a unit that has a name, and converts there and back', () => {
    expect(wrong((entry) => unitOf(entry) !== undefined)).toEqual([])
    expect(
      wrong((entry) => [0, 0.37, 12, 4e9].every((value) => Math.abs(fromDialect(entry, toDialect(entry, value)) - value) <= value * 1e-12)),
    ).toEqual([])
  })

  it('has ascending finite bounds, and only as a histogram', () => {
    expect(wrong(({ bounds = [] }) => bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] as number))))).toEqual(
      [],
    )
    expect(wrong(({ type, bounds }) => bounds === undefined || (type === 'histogram' && bounds.length > 0))).toEqual([])
  })

  it('is the only one of its name, selector, dialect and versions', () => {
    const ids = dialectEntries.map((entry) => [entry.dialect, entry.name, JSON.stringify(entry.where ?? {}), entry.since, entry.until].join(' '))
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  })

  it('has one type for a name within its dialect, selectors or not', () => {
    expect(
      wrong((entry) => dialectEntries.every(({ name, dialect, type }) => name !== entry.name || dialect !== entry.dialect || type === entry.type)),
    ).toEqual([])
  })

  it('begins before it ends, and is hidden only when deprecated', () => {
    expect(wrong(({ since, until }) => since === undefined || until === undefined || compareVersions(since, until) <= 0)).toEqual([])
    expect(wrong(({ hiddenFrom, replacedBy }) => hiddenFrom === undefined || replacedBy !== undefined)).toEqual([])
  })

  it('that is deprecated has a successor, current and of the same signal, that agrees in type and unit', () => {
    const agrees = (old: DialectEntry) =>
      old.replacedBy === undefined ||
      dialectEntries.some(
        ({ name, replacedBy, signal, type }) => name === old.replacedBy && replacedBy === undefined && signal === old.signal && type === old.type,
      )
    expect(wrong(agrees)).toEqual([])
  })

  it('of a counter ends in _total where the dialect follows the convention', () => {
    const unconventional = new Set(['triton', 'tgi', 'dcgm'])
    expect(wrong(({ type, name, dialect }) => type !== 'counter' || unconventional.has(dialect) || name.endsWith('_total'))).toEqual([])
  })
})

describe('the dialects', () => {
  it('are all listed, and each has entries', () => {
    const spoken = new Set(dialectEntries.map(({ dialect }) => dialect))
    expect(Object.keys(dialects).filter((id) => !spoken.has(id as DialectEntry['dialect']))).toEqual([])
    expect(wrong(({ dialect }) => dialects[dialect] !== undefined)).toEqual([])
  })

  it('leave out of rendering what is only understood when read', () => {
    expect(entriesOf('inference-extension').map(({ name }) => name)).not.toContain('inference_extension_scheduler_attempts_total')
    expect(meaningsOf('inference_extension_scheduler_attempts_total')).toHaveLength(1)
  })

  it('have prefixes that stand for names that exist', () => {
    expect(prefixRules.filter(({ replaces }) => !dialectEntries.some(({ name }) => name.startsWith(replaces)))).toEqual([])
  })
})

describe('every metric of the seed documents', () => {
  const rows = readFileSync(fileURLToPath(new URL('../testdata/seed-metrics.tsv', import.meta.url)), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t') as [name: string, kind: string])

  it('is in the list', () => {
    expect(rows).toHaveLength(107)
  })

  test.each(rows)('%s is known, as a %s', (name, kind) => {
    expect(meaningsOf(name).map(({ entry }) => entry.type)).toContain(kind)
    expect(new Set(meaningsOf(name).map(({ entry }) => entry.type)).size).toBe(1)
  })
})

describe('a name', () => {
  const meaning = (name: string) => meaningsOf(name).map(({ entry, part, spelling }) => [entry.signal, entry.dialect, part, spelling?.prefix ?? ''])

  it('of a histogram sample is known by its family', () => {
    expect(meaning('vllm:inter_token_latency_seconds_bucket')).toEqual([['engine.itl', 'vllm', '_bucket', '']])
    expect(meaning('vllm:iteration_tokens_total_count')).toEqual([['engine.iteration_tokens', 'vllm', '_count', '']])
    expect(meaning('vllm:num_requests_swapped_sum')).toEqual([])
  })

  it('means several signals where labels pick them', () => {
    expect(meaning('nv_trt_llm_kv_cache_block_metrics').map(([signal]) => signal)).toEqual([
      'engine.kv_usage',
      'engine.kv_blocks_total',
      'engine.kv_blocks_used',
      'engine.kv_blocks_free',
      'engine.kv_block_tokens',
    ])
  })

  test.each([
    ['ray_vllm:kv_cache_usage_perc', 'engine.kv_usage', 'vllm', 'ray_vllm:'],
    ['ray_vllm_kv_cache_usage_perc', 'engine.kv_usage', 'vllm', 'ray_vllm_'],
    ['vllm_kv_cache_usage_perc', 'engine.kv_usage', 'vllm', 'vllm_'],
    ['sglang_token_usage', 'engine.kv_usage', 'sglang', 'sglang_'],
    ['llm_d_router_epp_ready_endpoints', 'pool.ready', 'llm-d-epp', 'llm_d_router_epp_'],
    ['llm_d_router_epp_kv_cache_index_evictions_total', 'kvindex.evictions', 'llm-d-epp', 'llm_d_router_epp_'],
  ])('%s is another spelling', (name, signal, dialect, prefix) => {
    expect(meaning(name)).toEqual([[signal, dialect, '', prefix]])
  })

  test.each(['up', 'vllm', 'vllm:', 'ray_vllm:nothing', '', '_bucket'])('%j means nothing', (name) => {
    expect(meaning(name)).toEqual([])
  })
})

describe('a blank', () => {
  const entry = (name: string) => dialectEntries.find((candidate) => candidate.name === name) as DialectEntry

  test.each([2_147_483_632, 2_147_483_635, 140_737_488_355_328, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY])('of DCGM is %d', (value) => {
    expect(isBlank(entry('DCGM_FI_DEV_FB_USED'), value)).toBe(true)
  })

  test.each([0, 100, 81_559])('is not %d', (value) => {
    expect(isBlank(entry('DCGM_FI_DEV_FB_USED'), value)).toBe(false)
  })

  it('of the energy counter is not a value that it passes in its life', () => {
    const energy = entry('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION')
    expect([2_147_483_640, 140_737_488_355_330, 1e15].map((millijoules) => isBlank(energy, millijoules))).toEqual([false, false, false])
    expect(isBlank(energy, 2 ** 63)).toBe(true)
  })

  it('of a cache that is off is -1', () => {
    expect(isBlank(entry('vllm:gpu_prefix_cache_hit_rate'), -1)).toBe(true)
    expect(isBlank(entry('vllm:gpu_prefix_cache_hit_rate'), 0)).toBe(false)
  })
})
