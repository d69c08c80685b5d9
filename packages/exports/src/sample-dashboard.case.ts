import type { Dashboard, RuleGroup, RuleTest } from '@signalbox/dashboards'

/** A small dashboard with a panel of each kind, thresholds both ways, a variable, and a row whose panels do not fit on one line. */
export const sampleDashboard: Dashboard = {
  uid: 'sample',
  title: 'Sample',
  description: 'One panel of each kind.',
  tags: ['llm'],
  refreshSeconds: 5,
  rangeSeconds: 3_600,
  variables: [{ name: 'model', title: 'Model', label: 'model_name', selector: 'vllm:num_requests_running' }],
  rows: [
    {
      title: 'Latency',
      panels: [
        {
          id: 'ttft',
          title: 'Time to first token',
          unit: 'seconds',
          kind: 'timeseries',
          thresholds: [
            { value: 0, level: 'ok' },
            { value: 2, level: 'critical' },
          ],
          good: 'down',
          description: 'How long the first token took.',
          queries: [
            { legend: 'p50', expr: 'histogram_quantile(0.5, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[$__rate_interval])))' },
            { legend: 'p99', expr: 'histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[$__rate_interval])))' },
          ],
        },
        {
          id: 'lengths',
          title: 'Prompt lengths',
          unit: 'tokens',
          kind: 'heatmap',
          thresholds: [],
          good: 'neither',
          description: 'How long prompts are.',
          queries: [{ legend: '{{le}}', expr: 'sum by (le) (increase(vllm:request_prompt_tokens_bucket[$__rate_interval]))' }],
        },
        {
          id: 'tokens',
          title: 'Tokens',
          unit: 'tokens/s',
          kind: 'stat',
          thresholds: [],
          good: 'up',
          description: 'Tokens generated a second.',
          queries: [{ legend: 'generated', expr: 'sum(rate(vllm:generation_tokens_total{model_name=~"$model"}[$__rate_interval]))' }],
        },
      ],
    },
    { title: 'Nothing to draw', panels: [] },
    {
      title: 'Cache',
      panels: [
        {
          id: 'kv-usage',
          title: 'KV cache in use',
          unit: 'ratio',
          kind: 'gauge',
          thresholds: [
            { value: 0, level: 'ok' },
            { value: 0.7, level: 'warning' },
            { value: 0.9, level: 'critical' },
          ],
          good: 'down',
          description: 'Share of KV blocks that requests hold.',
          queries: [{ legend: '{{instance}}', expr: 'max by (instance) (vllm:kv_cache_usage_perc)' }],
        },
      ],
    },
  ],
}

export const sampleGroups: readonly RuleGroup[] = [
  {
    name: 'engines',
    intervalSeconds: 30,
    rules: [
      { kind: 'recording', record: 'engine:waiting:sum', expr: 'sum by (instance) (vllm:num_requests_waiting)', labels: {} },
      { kind: 'recording', record: 'engine:running:sum', expr: 'sum(vllm:num_requests_running)', labels: { fleet: 'on' } },
      {
        kind: 'alert',
        alert: 'QueueLong',
        expr: 'engine:waiting:sum > 20',
        forSeconds: 300,
        severity: 'warning',
        labels: { impact: 'performance' },
        summary: '{{ $value | humanize }} requests wait on {{ $labels.instance }}',
        description: 'More requests wait than the engine can take.\nAdd engines.',
        runbook: 'Queue: long!',
      },
    ],
  },
  { name: 'empty', intervalSeconds: 10, rules: [] },
]

export const sampleTests: readonly RuleTest[] = [
  {
    name: 'a long queue fires after five minutes: and names the engine',
    intervalSeconds: 60,
    input: [{ series: 'vllm:num_requests_waiting{instance="a"}', values: '0 30x10' }],
    expectations: [
      { alert: 'QueueLong', atSeconds: 330, firing: [] },
      { alert: 'QueueLong', atSeconds: 420, firing: [{ instance: 'a', severity: 'warning', impact: 'performance' }] },
    ],
  },
]
