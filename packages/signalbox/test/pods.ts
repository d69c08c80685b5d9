/** A scrape configuration, as far as tests look into it. */
export interface ScrapeConfig {
  readonly scrape_configs: readonly ScrapeJob[]
}

interface ScrapeJob {
  readonly job_name: string
  readonly kubernetes_sd_configs?: readonly { readonly role: string }[]
}

interface Pod {
  readonly name: string
  readonly ip: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly phase?: string
  readonly ports: readonly { readonly container: string; readonly name: string; readonly port: number }[]
  /** Services in front of it, and the ports they show. */
  readonly services?: Readonly<Record<string, readonly string[]>>
}

const decode = { 'llm-d.ai/model': 'llama', 'llm-d.ai/role': 'decode', 'llm-d.ai/inferenceServing': 'true' }
const prefill = { ...decode, 'llm-d.ai/role': 'prefill' }

/** A deployment with each kind of pod once, and some that belong to several kinds. */
const pods: readonly Pod[] = [
  {
    name: 'llama-decode-1',
    ip: '10.0.0.1',
    labels: decode,
    // Annotated as well: it must not become a target twice.
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8001' },
    ports: [
      { container: 'routing-proxy', name: 'http', port: 8000 },
      { container: 'vllm', name: 'vllm', port: 8001 },
      { container: 'vllm', name: 'metrics-1', port: 8002 },
      { container: 'vllm', name: 'nixl', port: 5557 },
    ],
    services: { 'llama-service-decode': ['vllm-proxy', 'vllm'] },
  },
  { name: 'llama-prefill-1', ip: '10.0.0.2', labels: prefill, ports: [{ container: 'vllm', name: '', port: 8000 }] },
  { name: 'llama-prefill-2', ip: '10.0.0.9', labels: prefill, phase: 'Pending', ports: [{ container: 'vllm', name: 'vllm', port: 8000 }] },
  {
    name: 'llama-epp-abc-1',
    ip: '10.0.0.3',
    labels: { 'llm-d.ai/inferenceServing': 'true' },
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090' },
    ports: [
      { container: 'epp', name: 'grpc', port: 9002 },
      { container: 'epp', name: 'metrics', port: 9090 },
    ],
    services: { 'llama-epp-service': ['grpc', 'metrics'] },
  },
  {
    name: 'inference-scheduler-1',
    ip: '10.0.0.4',
    labels: { 'app.kubernetes.io/part-of': 'llm-d' },
    ports: [{ container: 'scheduler', name: 'metrics', port: 9090 }],
    services: { 'inference-scheduler': ['metrics'] },
  },
  {
    name: 'embedder-1',
    ip: '10.0.0.5',
    labels: { 'app.kubernetes.io/part-of': 'llm-d' },
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9400', 'prometheus.io/path': '/stats/prometheus' },
    ports: [
      { container: 'main', name: 'http', port: 80 },
      { container: 'main', name: 'metrics', port: 9400 },
    ],
  },
  {
    name: 'v6-1',
    ip: 'fd00::6',
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9400' },
    ports: [{ container: 'main', name: 'http', port: 80 }],
  },
  {
    name: 'model-service-1',
    ip: '10.0.0.7',
    labels: { 'app.kubernetes.io/part-of': 'llm-d' },
    ports: [{ container: 'main', name: 'http-metrics', port: 8080 }],
  },
  { name: 'stranger-1', ip: '10.0.0.8', ports: [{ container: 'main', name: 'metrics', port: 9090 }] },
]

/**
 * The configuration with the targets of the deployment in place of Kubernetes discovery, under the labels that it gives them.
 * SOURCE: Prometheus, `kubernetes_sd_config`, roles pod and endpointslice.
 */
export function podsOf(config: ScrapeConfig): ScrapeConfig {
  return {
    ...config,
    scrape_configs: config.scrape_configs.map((job) => {
      const { kubernetes_sd_configs: discovery, ...rest } = job
      const role = discovery?.[0]?.role
      return { ...rest, static_configs: pods.flatMap((pod) => (role === 'pod' ? podTargets(pod) : sliceTargets(pod))) }
    }),
  }
}

interface Target {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

function podTargets(pod: Pod): Target[] {
  return pod.ports.map(({ container, name, port }) => ({
    targets: [addressOf(pod, port)],
    labels: {
      ...metaOf(pod),
      __meta_kubernetes_pod_container_name: container,
      __meta_kubernetes_pod_container_port_name: name,
      __meta_kubernetes_pod_container_port_number: String(port),
    },
  }))
}

function sliceTargets(pod: Pod): Target[] {
  return Object.entries(pod.services ?? {}).flatMap(([service, shown]) =>
    pod.ports
      .filter(({ name }) => shown.includes(name))
      .map(({ name, port }) => ({
        targets: [addressOf(pod, port)],
        labels: {
          ...metaOf(pod),
          __meta_kubernetes_service_name: service,
          __meta_kubernetes_endpointslice_port_name: name,
          __meta_kubernetes_endpointslice_port: String(port),
        },
      })),
  )
}

function metaOf(pod: Pod): Record<string, string> {
  const meta: Record<string, string> = {
    __meta_kubernetes_namespace: 'llm-d',
    __meta_kubernetes_pod_name: pod.name,
    __meta_kubernetes_pod_ip: pod.ip,
    __meta_kubernetes_pod_phase: pod.phase ?? 'Running',
  }
  const add = (kind: 'label' | 'annotation', values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) {
      const sanitized = name.replaceAll(/[^A-Za-z0-9_]/g, '_')
      meta[`__meta_kubernetes_pod_${kind}_${sanitized}`] = value
      meta[`__meta_kubernetes_pod_${kind}present_${sanitized}`] = 'true'
    }
  }
  add('label', pod.labels ?? {})
  add('annotation', pod.annotations ?? {})
  return meta
}

function addressOf({ ip }: Pod, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
