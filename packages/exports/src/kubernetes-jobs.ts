/**
 * The five jobs of an llm-d deployment. A pod is a target of one job at most: one process in two jobs would be counted twice by
 * every sum.
 * SOURCE: the seed guide's tables of jobs, of service discovery and of ports; Prometheus, `kubernetes_sd_config`.
 */
export function kubernetesJobs(options: { readonly namespaces: readonly string[]; readonly tokenFile: string }): object[] {
  const authorization = { type: 'Bearer', credentials_file: options.tokenFile }
  const pods = discovery('pod', options.namespaces)
  const services = discovery('endpointslice', options.namespaces)
  return [
    { job_name: 'vllm-instances', ...pods, relabel_configs: [...engines, ...place('pod'), ...engineLabels] },
    { job_name: 'gateway-api-inference-extension', authorization, ...services, relabel_configs: [...endpointPickers, ...place('service')] },
    { job_name: 'llm-d-scheduler', authorization, ...services, relabel_configs: [...schedulers, ...place('service')] },
    { job_name: 'kubernetes-pods', ...pods, relabel_configs: [...annotatedPods, ...place('pod')] },
    { job_name: 'llm-d-components', ...pods, relabel_configs: [...otherPods, ...place('pod')] },
  ]
}

type Role = 'pod' | 'endpointslice'

interface RelabelRule {
  readonly source_labels: readonly string[]
  readonly regex?: string
  readonly action?: 'keep' | 'drop'
  readonly target_label?: string
  readonly replacement?: string
}

const POD = '__meta_kubernetes_pod'
const ENGINE_LABELS = [`${POD}_labelpresent_llm_d_ai_model`, `${POD}_labelpresent_llm_d_ai_role`] as const
const SCRAPE = `${POD}_annotation_prometheus_io_scrape`

/** Names of the pods of a Deployment `x-epp`, and of one with "scheduler" in its name. */
const PICKER_PODS = '.+-epp(-.+)?|.*scheduler.*'

const engines: readonly RelabelRule[] = [
  keep(ENGINE_LABELS, 'true;true'),
  running(),
  // A decode pod's routing proxy relays /metrics of the engine beside it, which is a target itself.
  drop([`${POD}_container_name`], 'routing-proxy'),
  drop([`${POD}_container_port_name`], 'vllm-proxy'),
  // Named ports, the ranks of data parallelism included (`metrics-1`); unnamed ones in the range that engines use.
  keep([`${POD}_container_port_name`, `${POD}_container_port_number`], '(vllm|metrics|http)(-.+)?;\\d+|;8\\d{3}'),
]

const engineLabels: readonly RelabelRule[] = [copy(`${POD}_label_llm_d_ai_model`, 'model'), copy(`${POD}_label_llm_d_ai_role`, 'role')]

const SERVICE = '__meta_kubernetes_service_name'
const SLICE_PORT = '__meta_kubernetes_endpointslice_port_name'

const endpointPickers: readonly RelabelRule[] = [
  keep([SERVICE], '.+-epp-service'),
  keep([SLICE_PORT, '__meta_kubernetes_endpointslice_port'], '(http-)?metrics;\\d+|.*;9090'),
]

const schedulers: readonly RelabelRule[] = [
  drop([SERVICE], '.+-epp-service'),
  keep([SERVICE], '.*scheduler.*'),
  keep([SLICE_PORT], '(http-)?metrics'),
]

const annotatedPods: readonly RelabelRule[] = [
  keep([SCRAPE], 'true'),
  running(),
  drop(ENGINE_LABELS, 'true;true'),
  drop([`${POD}_name`], PICKER_PODS),
  { source_labels: [`${POD}_annotation_prometheus_io_scheme`], regex: '(https?)', target_label: '__scheme__' },
  { source_labels: [`${POD}_annotation_prometheus_io_path`], regex: '(.+)', target_label: '__metrics_path__' },
  port('([^:]+)', '$2:$1'),
  port('(.+:.+)', '[$2]:$1'),
]

const otherPods: readonly RelabelRule[] = [
  keep([`${POD}_label_app_kubernetes_io_part_of`, `${POD}_label_llm_d_ai_inferenceServing`], 'llm-d;.*|.*;true'),
  running(),
  drop([SCRAPE], 'true'),
  drop(ENGINE_LABELS, 'true;true'),
  drop([`${POD}_name`], PICKER_PODS),
  keep([`${POD}_container_port_name`], '(http-)?metrics'),
]

function discovery(role: Role, namespaces: readonly string[]): object {
  return { kubernetes_sd_configs: [{ role, ...(namespaces.length === 0 ? {} : { namespaces: { names: namespaces } }) }] }
}

/** Where a target is, as labels. Pods behind a service carry its name too. */
function place(of: 'pod' | 'service'): RelabelRule[] {
  const labels = [copy('__meta_kubernetes_namespace', 'namespace'), copy(`${POD}_name`, 'pod')]
  return of === 'pod' ? labels : [...labels, copy(SERVICE, 'service')]
}

/** The port that a pod's annotation names, at the pod's address. */
function port(address: string, replacement: string): RelabelRule {
  return {
    source_labels: [`${POD}_annotation_prometheus_io_port`, `${POD}_ip`],
    regex: `(\\d+);${address}`,
    target_label: '__address__',
    replacement,
  }
}

function running(): RelabelRule {
  return drop([`${POD}_phase`], 'Pending|Succeeded|Failed')
}

function keep(labels: readonly string[], regex: string): RelabelRule {
  return { source_labels: labels, regex, action: 'keep' }
}

function drop(labels: readonly string[], regex: string): RelabelRule {
  return { source_labels: labels, regex, action: 'drop' }
}

function copy(from: string, to: string): RelabelRule {
  return { source_labels: [from], target_label: to }
}
