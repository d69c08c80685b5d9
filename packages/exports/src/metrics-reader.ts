import { type KubernetesObject, type KubernetesOptions, labelsOf } from './kubernetes-object.ts'

const ROLE = 'inference-gateway-metrics-reader'
const ACCOUNT = 'inference-gateway-sa-metrics-reader'

/** The secret in which Kubernetes puts the account's token, and the key it stands under. */
export const tokenSecret = { name: `${ACCOUNT}-secret`, key: 'token' } as const

/**
 * A service account that may read `/metrics`, with a token: endpoint pickers ask the cluster about whoever scrapes them.
 * SOURCE: the objects of the seed guide on metrics. The binding has no namespace, unlike there: cluster roles are bound in none.
 */
export function metricsReader(options: KubernetesOptions): KubernetesObject[] {
  const { namespace } = options
  const labels = labelsOf(options)
  const rbac = 'rbac.authorization.k8s.io'
  return [
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: ROLE, labels },
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    } as KubernetesObject,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace, labels } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `${ACCOUNT}-role-binding`, labels },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace }],
      roleRef: { kind: 'ClusterRole', name: ROLE, apiGroup: rbac },
    } as KubernetesObject,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: tokenSecret.name, namespace, labels, annotations: { 'kubernetes.io/service-account.name': ACCOUNT } },
      type: 'kubernetes.io/service-account-token',
    } as KubernetesObject,
  ]
}
