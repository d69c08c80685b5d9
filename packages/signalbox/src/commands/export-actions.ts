import { type Dashboard, dashboardPlans, rules, type Spoken } from '@signalbox/dashboards'
import {
  grafanaDashboard,
  type KubernetesOptions,
  kubernetesFiles,
  kubernetesScrapeConfig,
  kubernetesText,
  ruleFile,
  ruleTestFiles,
  staticScrapeConfig,
} from '@signalbox/exports'
import { StartError } from '../supervisor/role-process.ts'
import { type ExportedFile, type OutputFlags, writeExports } from './export-files.ts'
import { type DialectFlags, objectivesOf, spokenOf } from './export-scope.ts'
import { staticJobs } from './export-targets.ts'
import { configFrom } from './flags.ts'

interface ConfigFlags {
  readonly config?: string
}

export interface GrafanaFlags extends DialectFlags, OutputFlags {
  readonly dashboard?: string
}

export interface PrometheusRulesFlags extends DialectFlags, OutputFlags, ConfigFlags {
  readonly runbooks?: string
}

export interface PrometheusConfigFlags extends OutputFlags, ConfigFlags {
  readonly static?: boolean
  readonly namespaces?: readonly string[]
  readonly tokenFile: string
  readonly ruleFiles: readonly string[]
  readonly scrapeInterval: number
}

export interface KubernetesFlags extends DialectFlags, OutputFlags, ConfigFlags {
  readonly namespace: string
  readonly fleetNamespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly ranks: number
  readonly runbooks?: string
  readonly scrapeInterval: number
}

const RULE_FILE = 'signalbox.rules.yml'

export async function exportGrafana(flags: GrafanaFlags): Promise<void> {
  const all = dashboardsFor(await spokenOf(flags))
  const uids = all.map(({ uid }) => uid).join(', ')
  const chosen = flags.dashboard === undefined ? all : all.filter(({ uid }) => uid === flags.dashboard)
  if (chosen.length === 0) {
    const wanted = flags.dashboard === undefined ? '' : `--dashboard ${flags.dashboard}: `
    throw new StartError(
      `${wanted}${all.length === 0 ? 'these dialects fill no dashboard; name others with --dialects' : `there is no such dashboard; there are ${uids}`}`,
    )
  }
  const files = chosen.map((dashboard) => ({ name: `${dashboard.uid}.json`, text: grafanaDashboard(dashboard) }))
  const [only, ...others] = files
  if (flags.out === undefined && others.length > 0) {
    throw new StartError(`there are ${files.length} dashboards (${uids}); choose one with --dashboard, or write all of them with --out <folder>`)
  }
  deliver(files, only?.text ?? '', flags)
}

export async function exportPrometheusRules(flags: PrometheusRulesFlags): Promise<void> {
  const { groups, tests } = rules({ ...(await spokenOf(flags)), objectives: objectivesOf(configFrom(flags)) })
  const text = ruleFile(groups, flags.runbooks === undefined ? {} : { runbooks: flags.runbooks })
  deliver([{ name: RULE_FILE, text }, ...ruleTestFiles(tests, groups, RULE_FILE)], text, flags)
}

export function exportPrometheusConfig(flags: PrometheusConfigFlags): void {
  const { ruleFiles, scrapeInterval, tokenFile } = flags
  const options = { ruleFiles, scrapeIntervalSeconds: scrapeInterval }
  if (flags.static === true && flags.namespaces !== undefined)
    throw new StartError('--namespaces: there are none with --static; leave one of them out')
  const text =
    flags.static === true
      ? staticScrapeConfig(staticJobs(configFrom(flags)), options)
      : kubernetesScrapeConfig({ ...options, tokenFile, namespaces: flags.namespaces ?? [] })
  deliver([{ name: 'prometheus.yml', text }], text, flags)
}

export async function exportKubernetes(flags: KubernetesFlags): Promise<void> {
  const spoken = await spokenOf(flags)
  const { groups } = rules({ ...spoken, objectives: objectivesOf(configFrom(flags)) })
  const dashboards = new Map(dashboardsFor(spoken).map((dashboard) => [dashboard.uid, grafanaDashboard(dashboard)]))
  const options: KubernetesOptions = {
    namespace: flags.namespace,
    labels: flags.labels ?? {},
    scrapeIntervalSeconds: flags.scrapeInterval,
    dataParallelRanks: flags.ranks,
    ...(flags.fleetNamespace === undefined ? {} : { fleetNamespace: flags.fleetNamespace }),
    ...(flags.runbooks === undefined ? {} : { runbooks: flags.runbooks }),
  }
  const files = kubernetesFiles({ dialects: spoken.dialects, groups, dashboards }, options)
  deliver(
    files.map(({ name, objects }) => ({ name, text: kubernetesText(objects) })),
    kubernetesText(files.flatMap(({ objects }) => objects)),
    flags,
  )
}

/** As files into the folder of --out, or as one document to the terminal. */
function deliver(files: readonly ExportedFile[], document: string, { out, force }: OutputFlags): void {
  if (out === undefined) process.stdout.write(document)
  else writeExports(out, files, force === true)
}

/** The dashboards of which something can be drawn, in Grafana's notation for the model and the window. */
function dashboardsFor(spoken: Spoken): Dashboard[] {
  return dashboardPlans
    .map((plan) => plan.build({ ...spoken, model: '$model', window: '$__rate_interval' }))
    .filter(({ rows }) => rows.some(({ panels }) => panels.length > 0))
}
