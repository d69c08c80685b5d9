import { expect, test } from 'vitest'
import { presentDialects, presentSpellings } from './present-dialects.ts'

test.each<[string, readonly string[], readonly string[]]>([
  ['a store that holds nothing known', ['up', 'scrape_samples_scraped'], []],
  ['a name that generations share: the newest', ['vllm:num_requests_running'], ['vllm']],
  [
    'a generation that is told by a name of its own',
    ['vllm:num_requests_running', 'vllm:num_requests_swapped', 'vllm:gpu_cache_usage_perc'],
    ['vllm-v0'],
  ],
  [
    'both names of an engine that is being renamed',
    ['vllm:num_requests_running', 'vllm:kv_cache_usage_perc', 'vllm:gpu_prefix_cache_hits_total'],
    ['vllm', 'vllm-0.9'],
  ],
  ['parts of histograms', ['sglang:time_to_first_token_seconds_bucket', 'llm_d_epp_request_ttft_seconds_count'], ['sglang', 'llm-d-epp']],
  ['another spelling', ['sglang_num_running_reqs'], ['sglang']],
  [
    'what the gateway renders',
    ['inference_pool_ready_pods', 'signalbox_requests_total', 'process_cpu_seconds_total'],
    ['inference-pool', 'signalbox', 'process'],
  ],
])('tells %s', (_what, names, found) => {
  expect(presentDialects(names)).toEqual(found)
})

test.each<[string, readonly string[], readonly string[]]>([
  ["none where names are the dialects' own", ['vllm:num_requests_running', 'llm_d_epp_request_total', 'up'], []],
  ['none for names that only begin like one', ['vllm_something_else', 'ray_node_cpu_utilization'], []],
  ['Ray, by a part of a histogram', ['ray_vllm:time_to_first_token_seconds_bucket', 'sglang:num_running_reqs'], ['ray_vllm:']],
  [
    "several, in the catalogue's order",
    ['sglang_num_running_reqs', 'vllm_num_requests_running', 'ray_vllm_num_requests_running'],
    ['ray_vllm_', 'vllm_', 'sglang_'],
  ],
])('tells the spellings of %s', (_what, names, found) => {
  expect(presentSpellings(names).map(({ prefix }) => prefix)).toEqual(found)
})
