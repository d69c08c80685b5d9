import { durationText } from './duration-text.ts'
import { type KubernetesObject, type KubernetesOptions, labelsOf } from './kubernetes-object.ts'
import { tokenSecret } from './metrics-reader.ts'

/** The systems to watch. */
export interface Watched {
  readonly engines: boolean
  readonly endpointPicker: boolean
  readonly llumnix: boolean
  readonly signalbox: boolean
}

/** Services that an llm-d deployment marks for scraping. SOURCE: the seed guide, recent resolutions. */
const GATHERED = { matchLabels: { 'llmd.ai/gather-metrics': 'true' } } as const

/** SOURCE: reference/llumnix.md §5.6. */
const LLUMNIX_INTERVAL_SECONDS = 10
const LLUMNIX_ENGINES = ['neutral', 'prefill', 'decode'] as const

/** Selected are the labels of *services*, which need not be those of their pods. */
export function serviceMonitors(watched: Watched, options: KubernetesOptions): KubernetesObject[] {
  const interval = durationText(options.scrapeIntervalSeconds)
  const monitors: KubernetesObject[] = []
  const add = (name: string, selector: object, endpoints: readonly object[]): void => {
    monitors.push(monitor('ServiceMonitor', name, options, { selector, endpoints }))
  }
  if (watched.engines) {
    // The port `vllm-proxy` of a decode service relays the same engine and is left out.
    const relabelings = [copied('__meta_kubernetes_pod_label_llm_d_ai_model', 'model'), copied('__meta_kubernetes_pod_label_llm_d_ai_role', 'role')]
    add('signalbox-engines', GATHERED, [{ port: 'vllm', path: '/metrics', interval, relabelings }])
  }
  if (watched.endpointPicker) {
    const authorization = { type: 'Bearer', credentials: tokenSecret }
    const endpoints = ['metrics', 'http-metrics'].map((port) => ({ port, path: '/metrics', interval, authorization }))
    add('signalbox-endpoint-picker', GATHERED, endpoints)
  }
  if (watched.llumnix) {
    const selector = { matchExpressions: [{ key: 'app', operator: 'In', values: ['gateway', 'scheduler'] }] }
    add('llumnix-control-plane', selector, [{ port: 'http', path: '/metrics', interval: durationText(LLUMNIX_INTERVAL_SECONDS) }])
  }
  if (watched.signalbox) {
    const endpoints = ['http-metrics', 'console'].map((port) => ({ port, path: '/metrics', interval }))
    add('signalbox', { matchLabels: { 'app.kubernetes.io/name': 'signalbox' } }, endpoints)
  }
  return monitors
}

/** Llumnix' engines, by the name of the LeaderWorkerSet that runs them. */
export function podMonitors(watched: Watched, options: KubernetesOptions): KubernetesObject[] {
  if (!watched.llumnix) return []
  const relabelings = [
    copied('__meta_kubernetes_pod_label_llumnix_io_infer_type', 'infer_type'),
    copied('__meta_kubernetes_pod_label_llumnix_io_model', 'model'),
  ]
  // Each rank of data parallelism listens on a port of its own; a port that no pod has scrapes nothing.
  const ports = Array.from({ length: options.dataParallelRanks }, (_, rank) => (rank === 0 ? 'metrics' : `metrics-${rank}`))
  return LLUMNIX_ENGINES.map((type) =>
    monitor('PodMonitor', `llumnix-engine-${type}`, options, {
      selector: { matchLabels: { 'leaderworkerset.sigs.k8s.io/name': type } },
      podMetricsEndpoints: ports.map((port) => ({ port, path: '/metrics', interval: durationText(LLUMNIX_INTERVAL_SECONDS), relabelings })),
    }),
  )
}

function monitor(kind: 'ServiceMonitor' | 'PodMonitor', name: string, options: KubernetesOptions, spec: object): KubernetesObject {
  const where = options.fleetNamespace === undefined ? {} : { namespaceSelector: { matchNames: [options.fleetNamespace] } }
  const metadata = { name, namespace: options.namespace, labels: labelsOf(options) }
  return { apiVersion: 'monitoring.coreos.com/v1', kind, metadata, spec: { ...where, ...spec } } as KubernetesObject
}

function copied(from: string, to: string): object {
  return { sourceLabels: [from], targetLabel: to }
}
