export { dashboardBytesMax, grafanaDashboard } from './grafana-dashboard.ts'
export type { KubernetesObject, KubernetesOptions } from './kubernetes-object.ts'
export { type KubernetesContents, type KubernetesFile, kubernetesFiles, kubernetesText } from './kubernetes-objects.ts'
export { type RuleFileOptions, type RuleTestFile, ruleFile, ruleTestFiles } from './rule-file.ts'
export {
  type KubernetesScrapeOptions,
  kubernetesScrapeConfig,
  type ScrapeConfigOptions,
  type StaticJob,
  type StaticTarget,
  staticScrapeConfig,
} from './scrape-config.ts'
export { isExport } from './yaml-text.ts'
