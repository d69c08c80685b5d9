import { describe, expect, it } from 'vitest'
import { lint } from './lint.ts'
import { lintAgainst } from './lint-against.ts'
import type { SelectorMatcher, ServedSeries } from './ports.ts'

const BAD = 'sum(vllm:gpu_cache_usage_perc) > 7'
const panel = { type: 'timeseries', title: 'P', targets: [{ expr: BAD }] }
const classic = { title: 'B', schemaVersion: 39, panels: [panel] }
const groups = [{ name: 'g', rules: [{ alert: 'A', expr: BAD }] }]
const schemaV2 = {
  elements: {
    'panel-1': {
      kind: 'Panel',
      spec: {
        title: 'P',
        data: { spec: { queries: [{ kind: 'PanelQuery', spec: { query: { kind: 'DataQuery', group: 'prometheus', spec: { expr: BAD } } } }] } },
        vizConfig: { kind: 'timeseries', spec: { fieldConfig: { defaults: { unit: 'percentunit' } } } },
      },
    },
  },
  layout: {},
}

const shapes: readonly (readonly [string, object])[] = [
  ['a dashboard', classic],
  ['an API answer with a dashboard', { meta: {}, dashboard: classic }],
  ['a dashboard with panels in a row', { ...classic, panels: [{ type: 'row', panels: [panel] }] }],
  ['a dashboard of old with rows', { title: 'B', rows: [{ panels: [panel] }] }],
  ['a dashboard of schema v2', { apiVersion: 'dashboard.grafana.app/v2', kind: 'Dashboard', spec: schemaV2 }],
  ['a ConfigMap with a dashboard', { kind: 'ConfigMap', data: { 'b.json': JSON.stringify(classic, null, 2), 'README.md': 'x: [' } }],
  ['a GrafanaDashboard', { kind: 'GrafanaDashboard', spec: { json: JSON.stringify(classic) } }],
  ['a rule file', { groups }],
  ['a PrometheusRule', { kind: 'PrometheusRule', spec: { groups } }],
  ['a ConfigMap with rules', { kind: 'ConfigMap', data: { 'r.yaml': JSON.stringify({ groups }) } }],
  [
    'a List of objects',
    {
      kind: 'List',
      items: [
        { kind: 'Service', spec: {} },
        { kind: 'PrometheusRule', spec: { groups } },
      ],
    },
  ],
]

describe('lint', () => {
  it.each(shapes)('finds the query in %s, at its place', (_, document) => {
    const text = JSON.stringify(document, null, 2)
    const { findings, documents, queries } = lint([{ path: 'x', text }])
    expect({ documents, queries }).toEqual({ documents: 1, queries: 1 })
    const found = findings.find(({ id }) => id === 'removed-metric')
    const lines = text.split('\n')
    expect(lines[(found?.line ?? 0) - 1]?.slice((found?.column ?? 0) - 1)).toMatch(/^vllm:gpu_cache_usage_perc/)
  })

  it('reads every document of a stream, and says which one is no YAML', () => {
    const text = `groups: [{name: g, rules: [{alert: A, expr: "up == 0"}]}]\n---\na: [\n---\nkind: Service\n`
    const { documents, unreadable, unknown } = lint([{ path: 'x', text }])
    expect(documents).toBe(1)
    expect(unreadable).toMatchObject([{ path: 'x', line: 4 }])
    expect(unknown).toEqual([])
  })

  it('names the files of neither kind', () => {
    expect(lint([{ path: 'a.yaml', text: 'kind: Service' }]).unknown).toEqual(['a.yaml'])
  })

  it('passes over library panels, hidden queries and other data sources', () => {
    const panels = [
      { libraryPanel: { uid: 'x' }, targets: [{ expr: BAD }] },
      { type: 'stat', targets: [{ expr: BAD, hide: true }, { rawSql: 'select 1' }] },
    ]
    expect(lint([{ path: 'x', text: JSON.stringify({ ...classic, panels }) }])).toMatchObject({ findings: [], queries: 0, documents: 1 })
  })

  it('comes to an end with rows that hold themselves', () => {
    const text = `title: B\npanels:\n  - &row {type: row, panels: [${Array.from({ length: 300 }, () => '*row').join(', ')}]}\n`
    expect(lint([{ path: 'x', text }])).toMatchObject({ documents: 1, queries: 0 })
  })

  it('leaves out the rules that are to be ignored', () => {
    const files = [{ path: 'x', text: JSON.stringify({ groups }) }]
    expect(lint(files, { ignore: ['removed-metric', 'threshold-scale'] }).findings).toEqual([])
  })

  it('knows what a recording rule of another file makes, and what an alert watches', () => {
    const rules = (text: string) => ({ path: 'x', text: `groups: [{name: g, rules: [${text}]}]` })
    const own = rules('{record: "vllm:num_request_running", expr: "sum(vllm:num_requests_running)"}')
    expect(lint([own, rules('{alert: A, expr: "vllm:num_request_running > 9"}')]).findings).toEqual([])
    const gone = rules(`{alert: A, expr: 'sum(up{job="x"}) == 0'}`)
    expect(lint([gone]).findings.map(({ id }) => id)).toEqual(['empty-when-gone'])
    expect(lint([gone, rules(`{alert: B, expr: 'absent(up{job="x"})'}`)]).findings).toEqual([])
  })

  it('counts windows by the scrape interval that it is told', () => {
    const files = [{ path: 'x', text: 'groups: [{name: g, rules: [{alert: A, expr: "rate(x_total[1m]) > 1"}]}]' }]
    expect(lint(files, { scrapeIntervalSeconds: 15 }).findings).toEqual([])
    expect(lint(files, { scrapeIntervalSeconds: 30 }).findings.map(({ message }) => message)).toEqual(['60 s hold 2 scrapes of every 30 s'])
    expect(lint(files, { scrapeIntervalSeconds: 60 }).findings.map(({ message }) => message)).toEqual([
      '60 s hold 1 scrapes of every 60 s: there is never a rate',
    ])
  })
})

describe('lint against what is served', () => {
  const asked: string[] = []
  const served: ServedSeries = {
    has: (name: string, matchers: readonly SelectorMatcher[]) => {
      asked.push(`${name} ${matchers.map((one) => `${one.name}${one.operator}${one.value}`).join()}`)
      return Promise.resolve(name === 'up' && matchers.every(({ value }) => value === 'there'))
    },
  }

  it('asks once for each selector, without what variables fill, and tells a missing name from a condition', async () => {
    const exprs = ['up{job="there"}', 'up{job="there"} == 1', 'up{job="gone"}', 'nothing{x=~"$model"}', 'absent(other)', 'up{job="$job"}']
    const text = JSON.stringify({ title: 'B', panels: [{ type: 'stat', title: 'P', targets: exprs.map((expr) => ({ expr })) }] })
    const { findings } = await lintAgainst([{ path: 'x', text }], served)
    expect(findings.map(({ id, message }) => `${id}: ${message}`)).toEqual([
      'not-served: no series of `up` meets the conditions',
      'not-served: no series is called `nothing`',
    ])
    expect(asked).toEqual(['up job=there', 'up job=gone', 'up ', 'nothing '])
  })
})
