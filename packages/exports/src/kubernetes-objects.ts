import { assert } from '@signalbox/base'
import type { RuleGroup } from '@signalbox/dashboards'
import { type DialectId, dialects } from '@signalbox/signals'
import { dashboardBytesMax } from './grafana-dashboard.ts'
import { type KubernetesObject, type KubernetesOptions, labelsOf } from './kubernetes-object.ts'
import { metricsReader } from './metrics-reader.ts'
import { podMonitors, serviceMonitors } from './monitors.ts'
import { prometheusGroups } from './rule-file.ts'
import { yamlFile } from './yaml-text.ts'

/** What is watched, and with what. */
export interface KubernetesContents {
  readonly dialects: readonly DialectId[]
  readonly groups: readonly RuleGroup[]
  /** Dashboards as Grafana's JSON, by uid. */
  readonly dashboards: ReadonlyMap<string, string>
}

/** Objects that belong together, and the name of the file for them. */
export interface KubernetesFile {
  readonly name: string
  readonly objects: readonly KubernetesObject[]
}

/**
 * Everything that the Prometheus operator and Grafana's sidecar need: ServiceMonitors, PodMonitors, the right to read `/metrics` of
 * endpoint pickers, a PrometheusRule, and a ConfigMap for each dashboard. Monitors are written for the systems whose
 * dialects are among `contents.dialects`; files without objects are left out.
 */
export function kubernetesFiles(contents: KubernetesContents, options: KubernetesOptions): readonly KubernetesFile[] {
  const speakers = new Set(contents.dialects.map((dialect) => dialects[dialect].speaker))
  const isEngine = contents.dialects.some((dialect) => dialects[dialect].engine)
  const watched = { engines: isEngine, endpointPicker: speakers.has('epp'), llumnix: speakers.has('llumnix'), signalbox: speakers.has('signalbox') }
  const files: KubernetesFile[] = [
    { name: 'service-monitors.yaml', objects: serviceMonitors(watched, options) },
    { name: 'pod-monitors.yaml', objects: podMonitors(watched, options) },
    { name: 'metrics-reader.yaml', objects: watched.endpointPicker ? metricsReader(options) : [] },
    { name: 'prometheus-rule.yaml', objects: prometheusRule(contents.groups, options) },
    ...[...contents.dashboards].map(([uid, text]) => ({ name: `dashboard-${uid}.yaml`, objects: [dashboardConfigMap(uid, text, options)] })),
  ]
  return files.filter(({ objects }) => objects.length > 0)
}

/** The objects as one text for `kubectl apply -f`. */
export function kubernetesText(objects: readonly KubernetesObject[]): string {
  return yamlFile(objects)
}

function prometheusRule(groups: readonly RuleGroup[], options: KubernetesOptions): KubernetesObject[] {
  const rendered = prometheusGroups(groups, options)
  if (rendered.length === 0) return []
  const metadata = { name: 'signalbox', namespace: options.namespace, labels: labelsOf(options) }
  return [{ apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata, spec: { groups: rendered } } as KubernetesObject]
}

/** SOURCE: the label that the sidecar of Grafana's chart looks for. */
function dashboardConfigMap(uid: string, text: string, options: KubernetesOptions): KubernetesObject {
  assert(new TextEncoder().encode(text).length < dashboardBytesMax, `dashboard ${uid} is too long for a ConfigMap`)
  const labels = { ...labelsOf(options), grafana_dashboard: '1' }
  const metadata = { name: `signalbox-dashboard-${uid}`, namespace: options.namespace, labels }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [`${uid}.json`]: text } } as KubernetesObject
}
