import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor'
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import type { DialectId } from '@signalbox/signals'
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole'
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Secret } from 'kubernetes-models/v1/Secret'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { golden } from './golden.case.ts'
import { grafanaDashboard } from './grafana-dashboard.ts'
import type { KubernetesObject, KubernetesOptions } from './kubernetes-object.ts'
import { kubernetesFiles, kubernetesText } from './kubernetes-objects.ts'
import { sampleDashboard, sampleGroups } from './sample-dashboard.case.ts'

const options: KubernetesOptions = {
  namespace: 'monitoring',
  fleetNamespace: 'llm-d',
  labels: { release: 'prometheus' },
  scrapeIntervalSeconds: 15,
  dataParallelRanks: 4,
}

function files(dialects: readonly DialectId[], more: Partial<KubernetesOptions> = {}): ReadonlyMap<string, readonly KubernetesObject[]> {
  const dashboards = new Map([['sample', grafanaDashboard(sampleDashboard)]])
  return new Map(kubernetesFiles({ dialects, groups: sampleGroups, dashboards }, { ...options, ...more }).map(({ name, objects }) => [name, objects]))
}

const everything = files(['vllm', 'llm-d-epp', 'llumnix', 'signalbox'])
const objects = [...everything.values()].flat()

/** The schemas of the API, by kind. */
const models = { PodMonitor, PrometheusRule, ServiceMonitor, ClusterRole, ClusterRoleBinding, ConfigMap, Secret, ServiceAccount }

function validate(object: object): void {
  const { kind } = object as KubernetesObject
  const model = models[kind as keyof typeof models] as unknown as new (data: object) => { validate(): void }
  new model(object).validate()
}

describe('objects for Kubernetes', () => {
  it.each(objects.map((object) => [object.kind, object.metadata.name, object] as const))('%s %s passes the schema of the API', (_, __, object) => {
    validate(object)
  })

  it('are measured by a schema that refuses what is wrong', () => {
    const [pod] = everything.get('pod-monitors.yaml') ?? []
    expect(() => validate({ ...pod, spec: { podMetricsEndpoints: [] } })).toThrow('selector')
  })

  it('are these', () => {
    const dashboards = [...everything].filter(([name]) => !name.startsWith('dashboard-')).flatMap(([, each]) => each)
    const text = kubernetesText(dashboards)
    expect(text).toBe(golden('kubernetes.yaml', text))
  })

  it('all carry the labels that are asked for, and live in the namespace if they live in one', () => {
    for (const { kind, metadata } of objects) {
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/part-of': 'signalbox', release: 'prometheus' })
      expect(metadata.namespace).toBe(kind.startsWith('ClusterRole') ? undefined : 'monitoring')
    }
  })

  it('have names and kinds of their own', () => {
    expect(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(objects.length)
  })

  it('come back from their text as they were, the dashboard byte for byte', () => {
    const documents = parseAllDocuments(kubernetesText(objects)) as { toJS(): unknown }[]
    expect(documents.map((document) => document.toJS())).toEqual(JSON.parse(JSON.stringify(objects)))
    const [map] = (everything.get('dashboard-sample.yaml') ?? []) as unknown as { data: Record<string, string> }[]
    expect(map?.data['sample.json']).toBe(grafanaDashboard(sampleDashboard))
  })
})

describe('what is watched', () => {
  const names = (dialects: readonly DialectId[]) =>
    [...files(dialects).values()]
      .flat()
      .filter(({ kind }) => kind.endsWith('Monitor') || kind === 'ClusterRole')
      .map(({ metadata }) => metadata.name)

  it.each([
    [['vllm'], ['signalbox-engines']],
    [['inference-model'], ['signalbox-endpoint-picker', 'inference-gateway-metrics-reader']],
    [['llumnix'], ['llumnix-control-plane', 'llumnix-engine-neutral', 'llumnix-engine-prefill', 'llumnix-engine-decode']],
    [['signalbox'], ['signalbox']],
    [['dcgm'], []],
  ] as const)('for %j are %j', (dialects, expected) => {
    expect(names(dialects)).toEqual(expected)
  })

  it('is the own namespace where no other is named', () => {
    const { fleetNamespace, ...own } = options
    expect(fleetNamespace).toBe('llm-d')
    expect(
      kubernetesText(kubernetesFiles({ dialects: ['vllm'], groups: [], dashboards: new Map() }, own).flatMap((file) => file.objects)),
    ).not.toContain('namespaceSelector')
  })

  it('has a port for each rank of data parallelism', () => {
    const ports = (ranks: number) =>
      (
        files(['llumnix'], { dataParallelRanks: ranks }).get('pod-monitors.yaml') as unknown as {
          spec: { podMetricsEndpoints: { port: string }[] }
        }[]
      )[0]?.spec.podMetricsEndpoints.map(({ port }) => port)
    expect(ports(1)).toEqual(['metrics'])
    expect(ports(3)).toEqual(['metrics', 'metrics-1', 'metrics-2'])
  })
})
