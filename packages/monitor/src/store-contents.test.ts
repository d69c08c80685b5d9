import { failure, ok, type Result, VirtualClock } from '@signalbox/base'
import { beforeEach, expect, test } from 'vitest'
import type { StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import { RecordingStore } from './recording-store.case.ts'
import { StoreContents } from './store-contents.ts'

/** Answers label values from a table. */
class LabelledStore extends RecordingStore {
  values: Record<string, readonly string[]> = {}
  silent = false
  readonly asked: StoreQuery[] = []

  override query(query?: StoreQuery): Promise<Result<StoreAnswer, StoreError>> {
    if (query === undefined || this.silent || query.kind !== 'label-values') {
      return Promise.resolve(failure({ code: 'unavailable', message: 'silent' }))
    }
    this.asked.push(query)
    const data = new TextEncoder().encode(JSON.stringify(this.values[query.name] ?? []))
    return Promise.resolve(ok({ data, warnings: [], infos: [] }))
  }
}

let store: LabelledStore
let clock: VirtualClock
let contents: StoreContents

beforeEach(() => {
  store = new LabelledStore()
  clock = new VirtualClock(1_700_000_000_000)
  contents = new StoreContents({ store, clock })
})

test('says which dialects the store holds', async () => {
  store.values = { __name__: ['up', 'sglang:num_running_reqs', 'inference_pool_ready_pods'] }
  expect(await contents.spoken()).toEqual({ dialects: ['sglang', 'inference-pool'], spellings: [] })
})

test('says how the store spells them, and asks for models in that spelling too', async () => {
  store.values = { __name__: ['ray_vllm:kv_cache_usage_perc', 'sglang:num_running_reqs'], model_name: ['m'] }
  const { dialects, spellings } = await contents.spoken()
  expect([dialects, spellings?.map(({ prefix }) => prefix)]).toEqual([['vllm', 'sglang'], ['ray_vllm:']])
  expect(await contents.models()).toEqual(['m'])
  expect(store.asked.at(-1)).toMatchObject({
    match: ['vllm:num_requests_running', 'ray_vllm:num_requests_running', 'sglang:num_running_reqs{priority=""}'],
  })
})

test('expects vLLM and our own gateway while nothing was scraped, and vLLM while no engine was', async () => {
  expect(await contents.spoken()).toEqual({ dialects: ['vllm', 'llm-d-epp', 'signalbox', 'process'] })
  store.epoch = 2
  store.values = { __name__: ['signalbox_requests_total'] }
  expect((await contents.spoken()).dialects).toEqual(['vllm', 'signalbox'])
})

test('expects the same when the store does not answer', async () => {
  store.silent = true
  expect((await contents.spoken()).dialects).toContain('vllm')
  expect(await contents.models()).toEqual([])
})

test('asks once in ten seconds however many want to know, with a limit, and anew when the store lost its contents', async () => {
  await Promise.all([contents.spoken(), contents.spoken()])
  expect(store.asked).toEqual([
    { kind: 'label-values', name: '__name__', match: [], startMs: 1_699_978_400_000, endMs: 1_700_000_000_000, limit: 20_000 },
  ])
  store.values = { __name__: ['tgi_queue_size'] }
  expect((await contents.spoken()).dialects).toContain('vllm')
  store.epoch = 2
  expect((await contents.spoken()).dialects).toEqual(['tgi'])
})

test('names the models of every dialect once', async () => {
  store.values = { __name__: ['vllm:kv_cache_usage_perc', 'nv_trt_llm_request_metrics'], model_name: ['b', 'a'], model: ['a', ''] }
  expect(await contents.models()).toEqual(['a', 'b'])
  expect(store.asked.slice(1).map((query) => (query.kind === 'label-values' ? [query.name, query.match] : []))).toEqual([
    ['model_name', ['vllm:num_requests_running']],
    ['model', ['nv_trt_llm_request_metrics{request_type="scheduled"}']],
  ])
})
