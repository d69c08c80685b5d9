import { dashboardPlans, rules } from '@signalbox/dashboards'
import { grafanaDashboard, kubernetesFiles, kubernetesText, ruleFile } from '@signalbox/exports'
import { type LintFile, lint } from '@signalbox/lint'
import { type DialectId, dialects } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'

const every = Object.keys(dialects) as readonly DialectId[]
const objectives = { ttftSeconds: 1, tpotSeconds: 0.05, ttftRatio: 0.95, tpotRatio: 0.95, successRatio: 0.999 }

/** What may be watched, and the versions that say so where names are of the past. */
interface Fleet {
  readonly of: string
  readonly spoken: readonly DialectId[]
  readonly versions?: Readonly<Record<string, string>>
}

const mixed: readonly Fleet[] = [
  { of: 'every dialect', spoken: every },
  { of: 'what is exported where nothing is said', spoken: ['vllm', 'llm-d-epp', 'signalbox', 'process'] },
  { of: 'every generation of vLLM', spoken: ['vllm', 'vllm-0.9', 'vllm-v0', 'signalbox'] },
  { of: 'vLLM in the middle of a renaming', spoken: ['vllm', 'vllm-0.9'], versions: { vllm: '0.9.2' } },
  {
    of: 'the guides of 2025',
    spoken: ['vllm-v0', 'inference-model', 'inference-pool', 'inference-extension'],
    versions: { vllm: '0.8.5', epp: '0.5' },
  },
  {
    of: 'the endpoint picker before its present names',
    spoken: ['inference-objective', 'inference-pool', 'inference-extension', 'llm-d-inference-scheduler', 'kvcache'],
    versions: { epp: '0.8' },
  },
  { of: 'Llumnix over vLLM', spoken: ['llumnix', 'vllm', 'dcgm'] },
]

/** Versions at which a dialect of the past is the present. */
const atItsTime: Readonly<Partial<Record<DialectId, Readonly<Record<string, string>>>>> = {
  'vllm-0.9': { vllm: '0.9.2' },
  'vllm-v0': { vllm: '0.8.5' },
  'inference-model': { epp: '0.5' },
  'inference-objective': { epp: '0.8' },
  'inference-pool': { epp: '0.8' },
  'inference-extension': { epp: '0.8' },
  'llm-d-inference-scheduler': { epp: '0.8' },
  kvcache: { epp: '0.8' },
}

const alone: readonly Fleet[] = every.map((dialect) => ({ of: `${dialect} alone`, spoken: [dialect], versions: atItsTime[dialect] ?? {} }))

/** Dashboards and rules as files, and once more as the Kubernetes objects that carry them. */
function exported({ spoken }: Fleet): readonly LintFile[] {
  const boards = dashboardPlans
    .map((plan) => plan.build({ dialects: spoken, model: '$model', window: '$__rate_interval' }))
    .filter(({ rows }) => rows.length > 0)
  const dashboards = new Map(boards.map((dashboard) => [dashboard.uid, grafanaDashboard(dashboard)]))
  const { groups } = rules({ dialects: spoken, objectives })
  const kubernetes = kubernetesFiles(
    { dialects: spoken, groups, dashboards },
    { namespace: 'monitoring', labels: { release: 'prometheus' }, scrapeIntervalSeconds: 15, dataParallelRanks: 1 },
  )
  return [
    ...[...dashboards].map(([uid, text]) => ({ path: `${uid}.json`, text })),
    ...(groups.length === 0 ? [] : [{ path: 'signalbox.rules.yml', text: ruleFile(groups) }]),
    ...kubernetes.map(({ name, objects }) => ({ path: `kubernetes/${name}`, text: kubernetesText(objects) })),
  ]
}

describe('what is exported has neither errors nor warnings', () => {
  it.each([...mixed, ...alone].map((fleet) => [fleet.of, fleet] as const))('for %s', (_, fleet) => {
    const files = exported(fleet)
    const { documents, findings, unreadable } = lint(files, { versions: fleet.versions ?? {} })
    expect(unreadable).toEqual([])
    expect(documents).toBe(files.filter(({ path }) => !/kubernetes\/(service-monitors|pod-monitors|metrics-reader)/.test(path)).length)
    const grave = findings.filter(({ severity }) => severity !== 'info')
    expect(grave.map(({ path, line, id, where, message }) => `${path}:${line} ${id} ${where} ${message}`)).toEqual([])
  })

  it('although the same rules do find what is wrong in them', () => {
    const old = exported({ of: 'old names, and no version that has them', spoken: ['vllm-v0', 'inference-model'] })
    expect(new Set(lint(old).findings.map(({ id }) => id))).toContain('removed-metric')
  })
})

describe('the exports for every dialect', () => {
  it('are dashboards and alerts of all parts', () => {
    const paths = exported({ of: 'all', spoken: every }).map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['signalbox.rules.yml', 'kubernetes/prometheus-rule.yaml', 'kubernetes/pod-monitors.yaml']))
    expect(paths.filter((path) => /^[a-z-]+\.json$/.test(path))).toHaveLength(dashboardPlans.length)
  })
})
