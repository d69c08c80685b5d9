import { durationText } from './duration-text.ts'
import { kubernetesJobs } from './kubernetes-jobs.ts'
import { yamlFile } from './yaml-text.ts'

export interface ScrapeConfigOptions {
  readonly scrapeIntervalSeconds: number
  /** Paths or patterns, seen from the configuration file. */
  readonly ruleFiles: readonly string[]
}

export interface KubernetesScrapeOptions extends ScrapeConfigOptions {
  /** Namespaces to look for targets in; empty: all. */
  readonly namespaces: readonly string[]
  /** Where the Prometheus finds the bearer token that endpoint pickers ask for. */
  readonly tokenFile: string
}

/** One process that is scraped where it is known to be. */
export interface StaticTarget {
  /** Of the target's base address: scheme, host and port. */
  readonly url: string
  /** Value of its `instance` label; host and port without one. */
  readonly instance?: string
}

/** Targets of one kind. */
export interface StaticJob {
  readonly name: string
  readonly targets: readonly StaticTarget[]
  /** File with the bearer token to send, where the targets ask for one. */
  readonly tokenFile?: string
}

/**
 * A configuration for a Prometheus inside a cluster: the five jobs of an llm-d deployment. Its service account must be allowed to
 * get, list and watch pods, services and endpoint slices, and to get `/metrics`.
 */
export function kubernetesScrapeConfig(options: KubernetesScrapeOptions): string {
  return scrapeConfig(options, kubernetesJobs(options), [
    "The Prometheus' service account must be allowed to get, list and watch pods, services and endpointslices (discovery.k8s.io),",
    'and to get the path /metrics, which endpoint pickers check (`signalbox export kubernetes` writes the role).',
  ])
}

/** A configuration for machines without Kubernetes: `jobs` as they are. */
export function staticScrapeConfig(jobs: readonly StaticJob[], options: ScrapeConfigOptions): string {
  return scrapeConfig(options, jobs.filter(({ targets }) => targets.length > 0).map(staticJob), [])
}

function scrapeConfig({ scrapeIntervalSeconds, ruleFiles }: ScrapeConfigOptions, jobs: readonly object[], comments: readonly string[]): string {
  const global = { scrape_interval: durationText(scrapeIntervalSeconds) }
  return yamlFile([{ global, ...(ruleFiles.length === 0 ? {} : { rule_files: ruleFiles }), scrape_configs: jobs }], comments)
}

function staticJob({ name, targets, tokenFile }: StaticJob): object {
  return {
    job_name: name,
    ...(tokenFile === undefined ? {} : { authorization: { type: 'Bearer', credentials_file: tokenFile } }),
    static_configs: targets.map(({ url, instance }) => {
      const { host, protocol } = new URL(url)
      const labels = { ...(protocol === 'https:' ? { __scheme__: 'https' } : {}), ...(instance === undefined ? {} : { instance }) }
      return { targets: [withPort(host, protocol)], ...(Object.keys(labels).length === 0 ? {} : { labels }) }
    }),
  }
}

/** An address leaves the port of its scheme out; Prometheus then asks for it to be there. */
function withPort(host: string, protocol: string): string {
  return /:\d+$/.test(host) ? host : `${host}:${protocol === 'https:' ? 443 : 80}`
}
