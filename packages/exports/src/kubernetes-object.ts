import type { RuleFileOptions } from './rule-file.ts'

/** An object of the Kubernetes API, ready to apply. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

export interface KubernetesOptions extends RuleFileOptions {
  /** Where the objects are created. */
  readonly namespace: string
  /** Where the fleet runs, when that is another namespace. */
  readonly fleetNamespace?: string
  /** On every object beside our own; a Prometheus of the operator selects by one such as `release`. */
  readonly labels: Readonly<Record<string, string>>
  readonly scrapeIntervalSeconds: number
  /** Engines of one pod under data parallelism, each with a port of its own; 1 to 16. */
  readonly dataParallelRanks: number
}

/** The labels of every object. */
export function labelsOf(options: KubernetesOptions): Record<string, string> {
  return { 'app.kubernetes.io/part-of': 'signalbox', ...options.labels }
}
