import { Labels } from '@signalbox/base'
import { describe, expect, it, test } from 'vitest'
import { detectDialect } from './detect.ts'
import { createPageReader, type Sample } from './page-reader.ts'
import { type EngineReading, engineMetricNames, readEngineState } from './reading.ts'

/** The samples of a page, one a line: `name{label="value",...} value`. */
function samplesOf(page: string): Sample[] {
  return page
    .trim()
    .split('\n')
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^\s*([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text] as const)
      return { name, labels: Labels.from(pairs), value: Number(value.replace('+Inf', 'Infinity')) }
    })
}

const pages: readonly { title: string; page: string; dialect: string; versions: object; reading: Partial<EngineReading> }[] = [
  {
    title: 'vLLM V0',
    page: `
      vllm:num_requests_running{model_name="m"} 3
      vllm:num_requests_waiting{model_name="m"} 2
      vllm:num_requests_swapped{model_name="m"} 1
      vllm:gpu_cache_usage_perc{model_name="m"} 0.25
      vllm:cpu_cache_usage_perc{model_name="m"} 0.75
      vllm:gpu_prefix_cache_hit_rate{model_name="m"} -1
      vllm:cache_config_info{block_size="16",num_gpu_blocks="1000"} 1`,
    dialect: 'vllm-v0',
    versions: { below: '0.9' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.25, kvCapacityTokens: 16_000 },
  },
  {
    title: 'vLLM V1 before 0.9.2',
    page: `
      vllm:num_requests_running{model_name="m"} 3
      vllm:num_requests_waiting{model_name="m"} 2
      vllm:gpu_cache_usage_perc{model_name="m"} 0.25
      vllm:gpu_prefix_cache_queries_total{model_name="m"} 100`,
    dialect: 'vllm-0.9',
    versions: { below: '0.9.2' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.25, kvCapacityTokens: Number.NaN },
  },
  {
    title: 'vLLM 0.9.2 with both twins',
    page: `
      vllm:num_requests_running{engine="0",model_name="m"} 3
      vllm:num_requests_waiting{engine="0",model_name="m"} 2
      vllm:gpu_cache_usage_perc{engine="0",model_name="m"} 0.25
      vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
      vllm:gpu_prefix_cache_queries_total{engine="0",model_name="m"} 100
      vllm:prefix_cache_queries_total{engine="0",model_name="m"} 100
      vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1`,
    dialect: 'vllm-0.9',
    versions: { from: '0.9.2', below: '0.11' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.25, kvCapacityTokens: 16_000 },
  },
  {
    title: 'vLLM 0.11 with two engines and adapters',
    page: `
      vllm:num_requests_running{engine="0",model_name="m"} 3
      vllm:num_requests_running{engine="1",model_name="m"} 4
      vllm:num_requests_waiting{engine="0",model_name="m"} 0
      vllm:num_requests_waiting{engine="1",model_name="m"} 2
      vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
      vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.1
      vllm:inter_token_latency_seconds_count{engine="0",model_name="m"} 7
      vllm:time_per_output_token_seconds_count{engine="0",model_name="m"} 7
      vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1
      vllm:cache_config_info{block_size="16",engine="1",num_gpu_blocks="3000"} 1
      vllm:lora_requests_info{max_lora="2",running_lora_adapters="old",waiting_lora_adapters=""} 1700000000
      vllm:lora_requests_info{max_lora="2",running_lora_adapters="a,b",waiting_lora_adapters="c"} 1700000009`,
    dialect: 'vllm',
    versions: { from: '0.11', below: '0.12' },
    reading: { runningRequests: 7, waitingRequests: 2, kvUsageRatio: 0.2, kvCapacityTokens: 64_000, adaptersLoaded: ['a', 'b', 'c'] },
  },
  {
    title: 'the newest vLLM, whose request histograms carry a priority',
    page: `
      vllm:num_requests_running{engine="0",model_name="m"} 3
      vllm:num_requests_waiting{engine="0",model_name="m"} 2
      vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 2
      vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="deferred"} 0
      vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
      vllm:request_num_preemptions_count{engine="0",model_name="m",priority="0"} 7`,
    dialect: 'vllm',
    versions: { from: '0.30' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5 },
  },
  {
    title: 'vLLM under Ray',
    page: `
      ray_vllm:num_requests_running{engine="0",model_name="m",WorkerId="w",NodeAddress="n"} 3
      ray_vllm:num_requests_waiting{engine="0",model_name="m",WorkerId="w",NodeAddress="n"} 2
      ray_vllm:kv_cache_usage_perc{engine="0",model_name="m",WorkerId="w",NodeAddress="n"} 0.5`,
    dialect: 'vllm',
    versions: { from: '0.11' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5 },
  },
  {
    title: 'vLLM under a newer Ray',
    page: `
      ray_vllm_num_requests_running{engine="0",model_name="m",WorkerId="w"} 3
      ray_vllm_num_requests_waiting{engine="0",model_name="m",WorkerId="w"} 2
      ray_vllm_gpu_cache_usage_perc{engine="0",model_name="m",WorkerId="w"} 0.4
      ray_vllm_kv_cache_usage_perc{engine="0",model_name="m",WorkerId="w"} 0.5`,
    dialect: 'vllm-0.9',
    versions: { from: '0.9.2', below: '0.11' },
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5 },
  },
  {
    title: 'SGLang with two data-parallel ranks of two tensor-parallel ranks each',
    page: `
      sglang:num_running_reqs{dp_rank="0",model_name="m",tp_rank="0"} 3
      sglang:num_running_reqs{dp_rank="0",model_name="m",tp_rank="1"} 3
      sglang:num_running_reqs{dp_rank="1",model_name="m",tp_rank="2"} 4
      sglang:num_running_reqs{dp_rank="1",model_name="m",tp_rank="3"} 4
      sglang:num_queue_reqs{dp_rank="0",model_name="m",tp_rank="0"} 0
      sglang:num_queue_reqs{dp_rank="1",model_name="m",tp_rank="2"} 2
      sglang:token_usage{dp_rank="0",model_name="m",tp_rank="0"} 0.5
      sglang:token_usage{dp_rank="0",model_name="m",tp_rank="1"} 0.5
      sglang:token_usage{dp_rank="1",model_name="m",tp_rank="2"} 0.1
      sglang:max_total_num_tokens{dp_rank="0",model_name="m",tp_rank="0"} 16000
      sglang:max_total_num_tokens{dp_rank="0",model_name="m",tp_rank="1"} 16000
      sglang:max_total_num_tokens{dp_rank="1",model_name="m",tp_rank="2"} 48000`,
    dialect: 'sglang',
    versions: {},
    reading: { runningRequests: 7, waitingRequests: 2, kvUsageRatio: 0.2, kvCapacityTokens: 64_000 },
  },
  {
    title: 'SGLang with priorities, whose total stands beside its parts',
    page: `
      sglang:num_running_reqs{model_name="m",priority=""} 5
      sglang:num_running_reqs{model_name="m",priority="0"} 2
      sglang:num_running_reqs{model_name="m",priority="10"} 3
      sglang:num_queue_reqs{model_name="m",priority=""} 1
      sglang:num_queue_reqs{model_name="m",priority="0"} 1
      sglang:token_usage{model_name="m",priority=""} 0.5
      sglang:cache_config_info{model_name="m",page_size="16",num_pages="1000"} 1`,
    dialect: 'sglang',
    versions: {},
    reading: { runningRequests: 5, waitingRequests: 1, kvUsageRatio: 0.5, kvCapacityTokens: 16_000 },
  },
  {
    title: 'SGLang without colons, with its pool as two gauges',
    page: `
      sglang_num_running_reqs{model_name="m"} 3
      sglang_num_queue_reqs{model_name="m"} 2
      sglang_token_usage{model_name="m"} 0.5
      sglang_page_size{model_name="m"} 16
      sglang_num_pages{model_name="m"} 1000`,
    dialect: 'sglang',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5, kvCapacityTokens: 16_000 },
  },
  {
    title: 'TensorRT-LLM serve',
    page: `
      trtllm_num_requests_running{engine_type="trtllm",model_name="m"} 3
      trtllm_num_requests_waiting{engine_type="trtllm",model_name="m"} 2
      trtllm_kv_cache_utilization{engine_type="trtllm",model_name="m"} 0.5
      trtllm_kv_cache_max_blocks{engine_type="trtllm",model_name="m"} 500
      trtllm_kv_cache_tokens_per_block{engine_type="trtllm",model_name="m"} 32`,
    dialect: 'trtllm',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5, kvCapacityTokens: 16_000 },
  },
  {
    title: 'Triton with TensorRT-LLM',
    page: `
      nv_trt_llm_request_metrics{model="m",request_type="scheduled",version="1"} 3
      nv_trt_llm_request_metrics{model="m",request_type="waiting",version="1"} 2
      nv_trt_llm_request_metrics{model="m",request_type="active",version="1"} 5
      nv_trt_llm_request_metrics{model="m",request_type="max",version="1"} 512
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="m",version="1"} 0.5
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="m",version="1"} 64
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="m",version="1"} 250
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="m",version="1"} 125
      nv_inference_pending_request_count{model="m",version="1"} 9`,
    dialect: 'triton',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5, kvCapacityTokens: 16_000 },
  },
  {
    title: 'an older Triton, which states neither waiting requests nor a fraction',
    page: `
      nv_trt_llm_request_metrics{model="m",request_type="scheduled",version="1"} 3
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="m",version="1"} 200
      nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="m",version="1"} 50
      nv_inference_pending_request_count{model="m",version="1"} 2`,
    dialect: 'triton',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.25, kvCapacityTokens: Number.NaN },
  },
  {
    title: 'TGI',
    page: `
      tgi_batch_current_size 3
      tgi_queue_size 2
      tgi_request_count 40`,
    dialect: 'tgi',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: Number.NaN, kvCapacityTokens: Number.NaN },
  },
  {
    title: 'llama.cpp of old',
    page: `
      llamacpp:requests_processing 3
      llamacpp:requests_deferred 2
      llamacpp:kv_cache_usage_ratio 0.5`,
    dialect: 'llamacpp',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.5 },
  },
  {
    title: 'llama.cpp of today, which tells nothing of its cache',
    page: `
      llamacpp:requests_processing 3
      llamacpp:requests_deferred 2
      llamacpp:n_tokens_max 9000`,
    dialect: 'llamacpp',
    versions: {},
    reading: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: Number.NaN },
  },
]

describe.each(pages)('a page of $title', ({ page, dialect, versions, reading }) => {
  const samples = samplesOf(page)

  it('is read', () => {
    const actual = readEngineState(samples)
    expect(actual).toMatchObject({
      ...reading,
      kvUsageRatio: Number.isNaN(reading.kvUsageRatio) ? Number.NaN : expect.closeTo(reading.kvUsageRatio ?? 0, 12),
    })
  })

  it('is recognised', () => {
    const detected = detectDialect(samples.map(({ name }) => name))
    expect(detected).toMatchObject({ dialect, versions })
    expect(samples.map(({ name }) => name)).toEqual(expect.arrayContaining([...(detected?.telling ?? [])]))
  })
})

describe('the state of an engine', () => {
  test.each(['NaN', '+Inf'])('is not known where its value is %s, and its twin speaks instead', (value) => {
    const reading = readEngineState(samplesOf(`vllm:kv_cache_usage_perc{engine="0"} ${value}\nvllm:gpu_cache_usage_perc{engine="0"} 0.3`))
    expect(reading?.kvUsageRatio).toBe(0.3)
    expect(readEngineState(samplesOf(`vllm:num_requests_running ${value}`))?.runningRequests).toBeNaN()
  })

  it('is that of one line where the page repeats a series', () => {
    expect(readEngineState(samplesOf('vllm:num_requests_running{engine="0"} 3\nvllm:num_requests_running{engine="0"} 3'))?.runningRequests).toBe(3)
  })

  it("is vLLM's where Triton serves it", () => {
    const page =
      'nv_inference_pending_request_count{model="m"} 9\nvllm:num_requests_waiting{model_name="m"} 2\nvllm:num_requests_running{model_name="m"} 1'
    expect(readEngineState(samplesOf(page))).toMatchObject({ runningRequests: 1, waitingRequests: 2 })
  })

  it('is no engine’s on any other page', () => {
    expect(readEngineState(samplesOf('up 1\ngo_goroutines 7\nllm_d_epp_request_total{model_name="m"} 3'))).toBeUndefined()
    expect(readEngineState([])).toBeUndefined()
  })

  it('needs a few names of each dialect and spelling', () => {
    for (const name of [
      'vllm:num_requests_running',
      'ray_vllm_gpu_cache_usage_perc',
      'sglang_token_usage',
      'tgi_queue_size',
      'nv_trt_llm_request_metrics',
    ]) {
      expect(engineMetricNames.has(name), name).toBe(true)
    }
    expect(engineMetricNames.has('vllm:time_to_first_token_seconds')).toBe(false)
    expect(engineMetricNames.size).toBeLessThan(80)
  })
})

describe('a page reader', () => {
  it("gives values in the signal's unit, under the signal's labels", () => {
    const reader = createPageReader(['gpu.memory_used', 'gpu.energy', 'gpu.utilization'])
    const page = reader.read(
      samplesOf(`
        DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1",modelName="H100",Hostname="n1",pod="vllm-0"} 2
        DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-2",modelName="H100",Hostname="n1"} 2147483632
        DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-1"} 5000
        DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} 37`),
    )
    expect(page.values('gpu.memory_used')).toEqual([
      { labels: Labels.from({ gpu: '0', uuid: 'GPU-1', gpu_model: 'H100', host: 'n1', pod: 'vllm-0' }), value: 2 * 1_048_576 },
    ])
    expect(page.values('gpu.energy').map(({ value }) => value)).toEqual([5])
    expect(page.values('gpu.utilization').map(({ value }) => value)).toEqual([0.37])
    expect(page.values('gpu.power')).toEqual([])
  })

  it('prefers the current generation of the endpoint picker, whichever else is there', () => {
    const reader = createPageReader(['gateway.requests'])
    const page =
      'inference_objective_request_total{model_name="m"} 7\ninference_model_request_total{model_name="m"} 7\nllm_d_epp_request_total{model_name="m"} 7'
    for (const lines of [page.split('\n'), page.split('\n').reverse()]) {
      expect(reader.read(samplesOf(lines.join('\n'))).values('gateway.requests')).toEqual([{ labels: Labels.from({ model: 'm' }), value: 7 }])
    }
    expect(reader.read(samplesOf('llm_d_router_epp_request_total{model_name="m"} 7')).values('gateway.requests')).toHaveLength(1)
  })
})
