/** A document with `«id»` where a finding of that rule begins; `«^id»` at the start of a string stands for the place before its quote. */
export interface RuleCase {
  readonly name: string
  readonly document: string
}

interface PanelParts {
  readonly type?: string
  readonly unit?: string
  readonly legend?: string
  readonly title?: string
  readonly steps?: readonly (readonly [value: number | null, color: string])[]
}

interface BoardParts {
  readonly variables?: readonly object[]
  readonly refresh?: string
  readonly datasource?: string
}

const MODEL = { name: 'model', type: 'query', query: { query: 'label_values(vllm:num_requests_running, model_name)' } }
const W = '[$__rate_interval]'

function panelObject(exprs: readonly string[], parts: PanelParts): object {
  const { type = 'timeseries', unit, legend, title = 'P', steps } = parts
  return {
    type,
    title,
    fieldConfig: {
      defaults: {
        ...(unit === undefined ? {} : { unit }),
        ...(steps === undefined ? {} : { thresholds: { steps: steps.map(([value, color]) => ({ color, value })) } }),
      },
    },
    targets: exprs.map((expr) => ({ expr, ...(legend === undefined ? {} : { legendFormat: legend }) })),
  }
}

function board(panels: readonly object[], { variables = [MODEL], refresh = '1m', datasource = '$datasource' }: BoardParts = {}): string {
  const document = {
    title: 'B',
    refresh,
    templating: { list: variables },
    panels: panels.map((one) => ({ ...one, datasource: { type: 'prometheus', uid: datasource } })),
  }
  return JSON.stringify(document, null, 2).replace(/"«\^([^»]+)»/g, '«$1»"')
}

/** A dashboard of one panel that draws the queries as lines. */
function panel(expr: string | readonly string[], parts: PanelParts = {}): string {
  return board([panelObject(typeof expr === 'string' ? [expr] : expr, parts)])
}

/** A rule file of one alert, its expression as a block. */
function alert(expr: string, more = '', name = 'A'): string {
  return `groups:\n  - name: g\n    interval: 30s\n    rules:\n      - alert: ${name}\n        expr: |-\n          ${expr.replaceAll('\n', '\n          ')}\n${more}`
}

function recording(expr: string): string {
  return `groups:\n  - name: g\n    rules:\n      - record: a:b\n        expr: ${expr}\n`
}

const TTFT = 'vllm:time_to_first_token_seconds'

/** What each rule finds, and near to it what it leaves alone. */
export const ruleCases: readonly RuleCase[] = [
  // Names.
  { name: 'a removed name', document: panel('max(«removed-metric»vllm:gpu_cache_usage_perc)', { unit: 'percentunit' }) },
  { name: 'a removed name in an alert', document: alert('max(«removed-metric»vllm:gpu_cache_usage_perc) > 0.9') },
  { name: 'a removed name without a successor', document: panel('sum(«removed-metric»vllm:num_requests_swapped)') },
  {
    name: 'a removed histogram',
    document: panel(`histogram_quantile(0.9, sum by (le) (rate(«removed-metric»vllm:time_per_output_token_seconds_bucket${W})))`, { unit: 's' }),
  },
  { name: 'the current names', document: panel(['max(vllm:kv_cache_usage_perc)', 'avg(vllm:kv_cache_usage_perc)'], { unit: 'percentunit' }) },
  { name: 'a deprecated prefix', document: panel(`sum(rate(«deprecated-metric»inference_extension_scheduler_attempts_total${W}))`) },
  { name: 'a removed prefix', document: panel(`sum(rate(«removed-metric»inference_objective_request_total${W}))`) },
  {
    name: 'a removed name and another on a second line',
    document: alert(
      'sum(rate(«removed-metric»inference_model_request_error_total[5m]))\n  / sum(rate(«removed-metric»inference_model_request_total[5m])) > 0.05',
    ),
  },
  {
    name: 'an old name as a second line of its panel',
    document: panel(['max(vllm:kv_cache_usage_perc)', 'max(vllm:gpu_cache_usage_perc)'], { unit: 'percentunit' }),
  },
  {
    name: 'an old name that tells the version',
    document: panel('sum(vllm:num_requests_running and on (instance) (vllm:kv_cache_usage_perc or vllm:gpu_prefix_cache_queries_total))'),
  },
  {
    name: 'an old name that is all of a condition',
    document: panel('sum(vllm:num_requests_running and on (instance) «removed-metric»vllm:gpu_cache_usage_perc)'),
  },
  {
    name: 'both generations, joined for each instance',
    document: panel(`sum(sum by (instance) (rate(llm_d_epp_request_total${W})) or sum by (instance) (rate(inference_objective_request_total${W})))`),
  },
  { name: 'a name without _total', document: alert('rate(«incomplete-name»vllm:num_preemptions[5m]) > 1') },
  { name: 'a histogram without a part', document: panel(`sum(rate(«incomplete-name»${TTFT}${W}))`) },
  { name: 'a histogram that is called a total', document: panel(`sum(rate(«incomplete-name»vllm:iteration_tokens_total${W}))`) },
  { name: 'a misspelt name', document: panel('sum(«misspelt-metric»vllm:num_request_running)') },
  { name: 'a name with a known prefix that nobody lists', document: panel('sum(«unlisted-metric»vllm:healthy_pods_by_magic)') },
  {
    name: "somebody else's names",
    document: panel(['sum(rate(node_cpu_seconds_total[$__rate_interval]))', 'kube_deployment_status_replicas', 'job:up:sum']),
  },
  { name: 'a former prefix', document: panel(`sum(rate(«former-prefix»llm_d_router_epp_request_total${W}))`) },
  { name: 'other spellings of engines', document: panel(['sum(ray_vllm:num_requests_running)', 'sum(sglang_num_running_reqs)']) },
  {
    name: 'a name by its label',
    document: panel('sum({«removed-metric»__name__="vllm:gpu_cache_usage_perc"})'.replace('{«removed-metric»', '«removed-metric»{'), {
      unit: 'percentunit',
    }),
  },
  {
    name: 'a series that a variable asks for',
    document: board([], { variables: [{ ...MODEL, query: 'label_values(«removed-metric»vllm:gpu_cache_usage_perc, model_name)' }] }),
  },

  // Counters and gauges.
  { name: 'a counter as it is', document: panel('sum(«raw-counter»vllm:prompt_tokens_total)') },
  { name: 'a count of a histogram as it is', document: panel(`sum(«raw-counter»${TTFT}_count)`) },
  { name: 'a counter whose series are counted', document: panel('count(vllm:prompt_tokens_total)') },
  { name: 'an info and a gauge', document: panel(['vllm:cache_config_info', 'sum(vllm:num_requests_running)']) },
  { name: 'a counter compared in an alert', document: alert('«counter-threshold»vllm:num_preemptions_total > 100') },
  { name: 'its increase compared', document: alert('increase(vllm:num_preemptions_total[1h]) > 100') },
  { name: 'a series that went away', document: alert('vllm:prompt_tokens_total offset 15m unless vllm:prompt_tokens_total') },
  { name: 'a rate of a gauge', document: panel(`«rate-of-gauge»rate(vllm:num_requests_running${W})`) },
  { name: 'a rate of bytes a second', document: panel(`sum(«rate-of-gauge»rate(DCGM_FI_PROF_NVLINK_TX_BYTES${W}))`) },
  { name: 'the slope of a gauge', document: panel('deriv(vllm:num_requests_waiting[10m])'.replace('[10m]', W)) },
  { name: 'a slope of a counter', document: panel(`«difference-of-counter»deriv(vllm:prompt_tokens_total${W})`) },
  { name: 'a rate of a sum', document: alert('«rate-of-sum»rate(sum(vllm:prompt_tokens_total)[5m:]) > 1e6'.replace('sum(vllm', 'sum(vllm')) },
  { name: 'a mean since the beginning', document: panel(`sum(«lifetime-mean»${TTFT}_sum) / sum(${TTFT}_count)`, { unit: 's' }) },
  { name: 'a mean over the window', document: panel(`sum(rate(${TTFT}_sum${W})) / sum(rate(${TTFT}_count${W}))`, { unit: 's' }) },
  { name: 'the rate of a sum as a time', document: panel(`sum(rate(«sum-as-mean»vllm:request_queue_time_seconds_sum${W}))`, { unit: 's' }) },
  { name: 'the rate of a sum of tokens', document: panel(`sum(rate(vllm:request_prompt_tokens_sum${W}))`) },

  // Quantiles.
  {
    name: 'a quantile without le',
    document: panel(`histogram_quantile(0.99, «quantile-without-le»sum by (model_name) (rate(${TTFT}_bucket${W})))`, { unit: 's' }),
  },
  { name: 'a quantile for each series', document: panel(`«quantile-per-series»histogram_quantile(0.99, rate(${TTFT}_bucket${W}))`, { unit: 's' }) },
  {
    name: 'a quantile of the fleet',
    document: panel(`histogram_quantile(0.99, sum by (le, model_name) (rate(${TTFT}_bucket{model_name=~"$model"}${W})))`, {
      unit: 's',
      legend: '{{model_name}}',
    }),
  },
  {
    name: 'a quantile without a rate',
    document: panel(`histogram_quantile(0.99, sum by (le) («raw-counterless»${TTFT}_bucket))`.replace('raw-counterless', 'quantile-of-totals'), {
      unit: 's',
    }),
  },
  { name: 'a quantile of 99', document: panel(`histogram_quantile(«quantile-range»99, sum by (le) (rate(${TTFT}_bucket${W})))`, { unit: 's' }) },
  {
    name: 'an average of quantiles',
    document: panel(`«blended-quantiles»avg(histogram_quantile(0.99, sum by (le, instance) (rate(${TTFT}_bucket${W}))))`, { unit: 's' }),
  },
  {
    name: 'the worst of quantiles',
    document: panel(`max(histogram_quantile(0.99, sum by (le, instance) (rate(${TTFT}_bucket${W}))))`, { unit: 's' }),
  },
  { name: 'an average of a quantile label', document: panel('«blended-quantiles»avg(go_gc_duration_seconds{quantile="0.75"})') },
  {
    name: 'a limit beyond the buckets',
    document: alert('«beyond-buckets»histogram_quantile(0.99, sum by (le) (rate(llm_d_epp_scheduler_e2e_duration_seconds_bucket[5m]))) > 0.2'),
  },
  {
    name: 'a limit within the buckets',
    document: alert('histogram_quantile(0.99, sum by (le) (rate(llm_d_epp_scheduler_e2e_duration_seconds_bucket[5m]))) > 0.05'),
  },
  { name: 'a bound that is none', document: alert(`sum(rate(«unknown-bound»${TTFT}_bucket{le="2.2"}[5m])) / sum(rate(${TTFT}_count[5m])) < 0.9`) },
  {
    name: 'a bound written as an integer',
    document: alert(`sum(rate(«integer-bound»${TTFT}_bucket{le="1"}[5m])) / sum(rate(${TTFT}_count[5m])) < 0.9`),
  },
  { name: 'a bound for both versions', document: alert(`sum(rate(${TTFT}_bucket{le=~"1|1.0"}[5m])) / sum(rate(${TTFT}_count[5m])) < 0.9`) },
  {
    name: 'buckets of two engines',
    document: panel(
      `«mixed-layouts»histogram_quantile(0.99, sum by (le) (rate(${TTFT}_bucket${W}) or rate(sglang:time_to_first_token_seconds_bucket${W})))`,
      { unit: 's' },
    ),
  },
  {
    name: 'a quantile of each engine',
    document: panel(
      [TTFT, 'sglang:time_to_first_token_seconds'].map((name) => `histogram_quantile(0.99, sum by (le) (rate(${name}_bucket${W})))`),
      { unit: 's' },
    ),
  },

  // Operations between vectors.
  {
    name: 'a comparison that is calculated with',
    document: panel(
      `1 - «missing-bool»avg by (pod) (rate(vllm:iteration_tokens_total_count${W}) > 0)`.replace(
        '«missing-bool»avg by (pod) (',
        'avg by (pod) («missing-bool»',
      ),
    ),
  },
  { name: 'with bool', document: panel(`1 - avg by (pod) (rate(vllm:iteration_tokens_total_count${W}) > bool 0)`) },
  {
    name: 'a guard against 0',
    document: panel(`sum(rate(vllm:prefix_cache_hits_total${W})) / (sum(rate(vllm:prefix_cache_queries_total${W})) > 0)`, { unit: 'percentunit' }),
  },
  {
    name: 'a share of what may be 0',
    document: panel(`«unguarded-ratio»sum(rate(vllm:prefix_cache_hits_total${W})) / sum(rate(vllm:prefix_cache_queries_total${W}))`, {
      unit: 'percentunit',
    }),
  },
  {
    name: 'sides of different labels',
    document: alert('«unmatched-labels»sum by (model_name) (rate(llm_d_epp_request_error_total[5m])) / sum(rate(llm_d_epp_request_total[5m])) > 0.1'),
  },
  {
    name: 'an aggregated side and one as scraped',
    document: alert('«unmatched-labels»sum by (model_name) (rate(llm_d_epp_request_error_total[5m])) / rate(llm_d_epp_request_total[5m]) > 0.1'),
  },
  {
    name: 'matching on a label that is gone',
    document: alert('«unmatched-labels»sum(vllm:num_requests_waiting) / on (model_name) sum by (model_name) (vllm:num_requests_running) > 3'),
  },
  {
    name: 'matching with group_left',
    document: panel(
      'sum by (pod, model_name) (vllm:num_requests_waiting) / on (model_name) group_left () sum by (model_name) (vllm:num_requests_running)',
    ),
  },
  {
    name: 'a condition by labels that the other side lacks',
    document: alert('«unmatched-labels»sum by (model_name) (vllm:num_requests_waiting) > 5 and sum(vllm:num_requests_running) > 0'),
  },
  {
    name: 'series divided by themselves',
    document: panel('«self-ratio»rate(http_requests_total{code!~"2.."}[$__rate_interval]) / rate(http_requests_total[$__rate_interval])'),
  },
  { name: 'twins added', document: panel(`«twins-added»sum(rate(llm_d_epp_request_total${W})) + sum(rate(inference_objective_request_total${W}))`) },
  { name: 'twins by a pattern', document: panel('sum(«twins-added»{__name__=~"vllm:kv_cache_usage_perc|vllm:gpu_cache_usage_perc"})') },
  { name: 'two signals added', document: panel('sum(vllm:num_requests_running) + sum(vllm:num_requests_waiting)') },
  { name: 'a ratio and a percentage compared', document: alert('«mixed-sum»max(DCGM_FI_DEV_GPU_UTIL) > max(DCGM_FI_PROF_SM_ACTIVE)') },

  // Windows.
  { name: 'a window of two scrapes', document: alert('sum(rate(«short-window»vllm:prompt_tokens_total[30s])) > 1e6') },
  { name: 'a window of four scrapes', document: alert('sum(rate(vllm:prompt_tokens_total[1m])) > 1e6') },
  { name: 'a fixed window in a dashboard', document: panel('sum(rate(«fixed-window»vllm:prompt_tokens_total[5m]))') },
  {
    name: 'windows of every spelling',
    document: panel([
      `sum(rate(vllm:prompt_tokens_total[$${'{__rate_interval}'}]))`,
      'sum(increase(vllm:prompt_tokens_total[[[__range]]]))',
      'sum(rate(vllm:prompt_tokens_total[$__range:]))'.replace(':]', ']'),
    ]),
  },
  { name: 'irate in an alert', document: alert('sum(«irate-in-alert»irate(vllm:prompt_tokens_total[5m])) > 1e6') },
  { name: 'a refresh faster than the scrapes', document: board([], { refresh: '«^fast-refresh»5s' }) },

  // Limits and units.
  { name: 'a ratio compared with a percentage', document: alert('«threshold-scale»max(vllm:kv_cache_usage_perc) > 90') },
  {
    name: 'a computed share compared with a percentage',
    document: alert('«threshold-scale»sum(rate(vllm:prefix_cache_hits_total[5m])) / sum(rate(vllm:prefix_cache_queries_total[5m])) < 30'),
  },
  {
    name: 'a share times 100',
    document: alert('100 * sum(rate(vllm:prefix_cache_hits_total[5m])) / sum(rate(vllm:prefix_cache_queries_total[5m])) < 30'),
  },
  { name: 'a percentage compared with a ratio', document: alert('«threshold-scale»avg(DCGM_FI_DEV_GPU_UTIL) < 0.3') },
  { name: 'a percentage compared as one', document: alert('avg(DCGM_FI_DEV_GPU_UTIL) < 30') },
  {
    name: 'milliseconds compared with seconds',
    document: alert('«milliseconds-threshold»histogram_quantile(0.95, sum by (le) (rate(request_ttft_milliseconds_bucket[5m]))) > 10'),
  },
  {
    name: 'milliseconds compared with some',
    document: alert('histogram_quantile(0.95, sum by (le) (rate(request_ttft_milliseconds_bucket[5m]))) > 2000'),
  },
  {
    name: 'seconds without a unit',
    document: panel(`histogram_quantile(0.9, sum by (le) (rate(${TTFT}_bucket${W})))`, { title: '«^missing-unit»TTFT' }),
  },
  { name: 'a share without a unit', document: panel('max(vllm:kv_cache_usage_perc)', { type: 'stat', title: '«^missing-unit»KV' }) },
  {
    name: 'seconds drawn as milliseconds',
    document: panel(`histogram_quantile(0.9, sum by (le) (rate(${TTFT}_bucket${W})))`, { unit: '«^wrong-unit»ms' }),
  },
  { name: 'seconds made milliseconds', document: panel(`1000 * histogram_quantile(0.9, sum by (le) (rate(${TTFT}_bucket${W})))`, { unit: 'ms' }) },
  { name: 'MiB drawn as bytes', document: panel('sum(DCGM_FI_DEV_FB_USED)', { unit: '«^wrong-unit»bytes' }) },
  {
    name: 'seconds beside milliseconds',
    document: panel(
      [
        `histogram_quantile(0.9, sum by (le) (rate(${TTFT}_bucket${W})))`,
        `histogram_quantile(0.9, sum by (le) (rate(request_ttft_milliseconds_bucket${W})))`,
      ],
      { unit: 's', title: '«^mixed-units»T' },
    ),
  },

  // Labels.
  {
    name: 'a label that the engine does not have',
    document: panel(`sum(rate(«unknown-label»sglang:num_requests_total{finished_reason="stop"}${W}))`),
  },
  {
    name: 'a grouping by a label that the metric does not have',
    document: panel(`«unknown-label»sum by (error_code) (rate(llm_d_epp_request_total${W}))`),
  },
  {
    name: 'labels that scraping adds',
    document: panel(`sum by (namespace, pod) (rate(vllm:request_success_total{finished_reason="stop", team="x"}${W}))`),
  },
  { name: 'a value that is misspelt', document: panel('sum(«unknown-label-value»nv_trt_llm_request_metrics{request_type="wating"})') },
  { name: 'a literal namespace', document: panel('sum(«hard-coded-place»vllm:num_requests_running{namespace="prod"})') },
  { name: 'a namespace to choose', document: panel('sum(vllm:num_requests_running{namespace=~"$model"})') },

  // Panels and dashboards.
  {
    name: 'the threshold of the template',
    document: panel('sum(vllm:num_requests_running)', {
      type: 'stat',
      steps: [
        [null, 'green'],
        [80, '«x»red'],
      ],
    }).replace(/\{(\s+"color": ")«x»/, '«leftover-threshold»{$1'),
  },
  {
    name: '80 of 100',
    document: panel('avg(DCGM_FI_DEV_GPU_UTIL)', {
      type: 'gauge',
      unit: 'percent',
      steps: [
        [null, 'green'],
        [80, 'red'],
      ],
    }),
  },
  {
    name: 'thresholds in percent over a ratio',
    document: panel('max(vllm:kv_cache_usage_perc)', {
      type: 'gauge',
      unit: 'percentunit',
      steps: [
        [null, 'green'],
        [70, '«x»orange'],
        [90, 'red'],
      ],
    }).replace(/\{(\s+"color": ")«x»/, '«panel-threshold-scale»{$1'),
  },
  { name: 'one legend for several series', document: panel('«same-legend»vllm:num_requests_running', { legend: 'running' }) },
  { name: 'one legend for one series', document: panel('sum(vllm:num_requests_running)', { legend: 'running' }) },
  {
    name: 'a legend of a label that is dropped',
    document: panel('sum by (model_name) (vllm:num_requests_running)', { legend: '«absent-legend-label»{{pod}}' }),
  },
  {
    name: 'a data source by its uid',
    document: board([panelObject(['sum(vllm:num_requests_running)'], {})], { datasource: '«^fixed-datasource»PBFA97CFB590B2093' }),
  },
  { name: 'values of every series', document: board([], { variables: [{ ...MODEL, query: '«any-label-values»label_values(namespace)' }] }) },
  { name: 'a variable that is nowhere', document: panel('sum(vllm:num_requests_running{model_name="«unknown-variable»$modle"})') },
  { name: 'an older variable', document: panel('sum(vllm:num_requests_running{model_name=~"[[model]]"})') },
  { name: 'a query that does not parse', document: panel('sum(rate(vllm:prompt_tokens_total[5m])«parse-error»') },
  {
    name: 'a function of a number to choose',
    document: board([panelObject(['topk($top, sum by (pod) (vllm:num_requests_running))', 'sum($metric)'], {})], {
      variables: [
        { name: 'top', type: 'custom' },
        { name: 'metric', type: 'custom' },
      ],
    }),
  },
  {
    name: 'a high percentile of a hit ratio',
    document: panel(`«quantile-of-good»histogram_quantile(0.99, sum by (le) (rate(llm_d_epp_prefix_indexer_hit_ratio_bucket${W})))`, {
      unit: 'percentunit',
    }),
  },
  {
    name: 'percentiles on both sides of a hit ratio',
    document: panel(
      [0.1, 0.9].map((q) => `histogram_quantile(${q}, sum by (le) (rate(llm_d_epp_prefix_indexer_hit_ratio_bucket${W})))`),
      { unit: 'percentunit' },
    ),
  },
  {
    name: 'a low percentile of a hit ratio',
    document: panel(`histogram_quantile(0.1, sum by (le) (rate(llm_d_epp_prefix_indexer_hit_ratio_bucket${W})))`, { unit: 'percentunit' }),
  },

  // Alerts and rule files.
  { name: 'a sum of up that is 0', document: alert('«empty-when-gone»sum(up{job=~".*vllm.*"}) == 0') },
  { name: 'a count of what is up', document: alert('«empty-when-gone»count(up{job="vllm"} == 1) < 2') },
  { name: 'a sum of up that is 0 when there is none', document: alert('(sum(up{job=~".*vllm.*"}) or vector(0)) == 0') },
  { name: 'an endpoint count of 0', document: alert('llm_d_epp_ready_endpoints == 0') },
  { name: 'an alert without a comparison', document: alert('«no-condition»avg(vllm:kv_cache_usage_perc)') },
  { name: 'an alert on absence', document: alert('absent(up{job="vllm"})') },
  { name: 'an absence of everything', document: alert('«absent-of-many»absent(up)') },
  { name: 'a comparison with bool', document: alert('«bool-condition»max(vllm:kv_cache_usage_perc) > bool 0.9') },
  { name: 'a rate of at least 0', document: alert('«constant-condition»sum(rate(vllm:prompt_tokens_total[5m])) >= 0') },
  { name: '`for` below the interval', document: alert('max(vllm:kv_cache_usage_perc) > 0.9', '        for: «short-for»10s\n') },
  { name: '`for` above the interval', document: alert('max(vllm:kv_cache_usage_perc) > 0.9', '        for: 5m\n') },
  {
    name: 'a burn rate over one window',
    document: alert(
      '«one-window-burn»sum(rate(llm_d_epp_request_error_total[1h])) / sum(rate(llm_d_epp_request_total[1h])) > 14.4 * 0.001',
      '',
      'BudgetBurn',
    ),
  },
  {
    name: 'a burn rate over two windows',
    document: alert(
      '(sum(rate(llm_d_epp_request_error_total[1h])) / sum(rate(llm_d_epp_request_total[1h])) > 14.4 * 0.001)\nand\n(sum(rate(llm_d_epp_request_error_total[5m])) / sum(rate(llm_d_epp_request_total[5m])) > 14.4 * 0.001)',
      '',
      'BudgetBurn',
    ),
  },
  {
    name: 'a burn rate of one',
    document: alert(
      '«burn-rate-one»1 - sum(rate(llm_d_epp_request_error_total[1h])) / sum(rate(llm_d_epp_request_total[1h])) < 0.999 and 1 - sum(rate(llm_d_epp_request_error_total[5m])) / sum(rate(llm_d_epp_request_total[5m])) < 0.999',
      '',
      'AvailabilitySLOBurn',
    ),
  },
  {
    name: 'a text with a label that is dropped',
    document: alert(
      'max by (model_name) (vllm:kv_cache_usage_perc) > 0.9',
      '        annotations: { summary: "{{ «absent-label»$labels.pod }} of {{ $labels.model_name }}" }\n',
    ),
  },
  {
    name: 'two groups and two alerts of one name',
    document: `${alert('max(vllm:kv_cache_usage_perc) > 0.9')}      - «duplicate-rule»alert: A\n        expr: max(vllm:kv_cache_usage_perc) > 0.95\n  - «duplicate-rule»name: g\n    rules: []\n`,
  },
  {
    name: 'one alert of two severities',
    document: `${alert('max(vllm:kv_cache_usage_perc) > 0.9', '        labels: { severity: warning }\n')}      - alert: A\n        expr: max(vllm:kv_cache_usage_perc) > 0.95\n        labels: { severity: critical }\n`,
  },
  { name: 'an unknown key', document: alert('max(vllm:kv_cache_usage_perc) > 0.9', '        «rule-shape»treshold: 5\n') },
  { name: 'a duration that is none', document: alert('max(vllm:kv_cache_usage_perc) > 0.9', '        for: «rule-shape»5 minutes\n') },
  { name: 'a recording with a text', document: `${recording('sum(up)')}        annotations: «rule-shape»{ summary: x }\n` },
  {
    name: 'a name that a recording makes',
    document: `${recording('sum by (model_name) (rate(vllm:prompt_tokens_total[5m]))').replace('a:b', 'vllm:prompt_token_total')}      - alert: A\n        expr: vllm:prompt_token_total > 5\n`,
  },
]
