import type { VectorSelector } from '@signalbox/promql'
import {
  compareVersions,
  type DialectEntry,
  dialectEntries,
  dialects,
  type KnownName,
  meaningsOf,
  prefixRules,
  signals,
  unitOf,
} from '@signalbox/signals'

/** What is sampled under a name: a family name of a histogram has no samples. */
type Shape = 'counter' | 'gauge' | 'bucket' | 'sum' | 'count' | 'family'

/** What the vocabulary says about the series that a selector asks for. */
export interface Metric {
  /** '' where the selector fixes no name. */
  readonly name: string
  /** All meanings that agree with the matchers; empty for a name that nobody has. */
  readonly meanings: readonly KnownName[]
  /** undefined for an unknown name, or where the meanings disagree. */
  readonly shape: Shape | undefined
  /** Of the values as they are written; undefined where unknown or disagreeing. */
  readonly unit: string | undefined
}

const SHAPES = { _bucket: 'bucket', _sum: 'sum', _count: 'count' } as const

/** The name that a selector asks for: before the braces, or as an equality. */
export function nameOf(selector: VectorSelector): string {
  if (selector.name !== '') return selector.name
  return selector.matchers.find(({ name, operator }) => name === '__name__' && operator === '=')?.value ?? ''
}

/** Every name that a selector asks for, where it lists them (`{__name__=~"a|b"}`). */
export function namesOf(selector: VectorSelector): readonly string[] {
  const name = nameOf(selector)
  if (name !== '') return [name]
  const pattern = selector.matchers.find((matcher) => matcher.name === '__name__' && matcher.operator === '=~')?.value ?? ''
  return /^[\w:|()]+$/.test(pattern) ? pattern.replace(/[()]/g, '').split('|') : []
}

export function metricOf(selector: VectorSelector): Metric {
  const name = nameOf(selector)
  const all = meaningsOf(name)
  const fitting = all.filter(({ entry }) => fits(entry, selector))
  return metricNamed(name, fitting.length > 0 ? fitting : all)
}

/** Of a name alone, or of those of its meanings that count. */
export function metricNamed(name: string, meanings: readonly KnownName[] = meaningsOf(name)): Metric {
  return { name, meanings, shape: agreed(meanings.map(shapeOf)), unit: agreed(meanings.map(unitOfMeaning)) }
}

function fits(entry: DialectEntry, selector: VectorSelector): boolean {
  return Object.entries(entry.where ?? {}).every(([label, value]) =>
    selector.matchers.every((matcher) => matcher.name !== label || matcher.value.includes('$') || matcher.matches(value)),
  )
}

function shapeOf({ entry, part }: KnownName): Shape {
  if (part !== '') return SHAPES[part]
  return entry.type === 'histogram' ? 'family' : entry.type
}

function unitOfMeaning({ entry, part }: KnownName): string | undefined {
  return part === '_bucket' || part === '_count' ? 'observations' : unitOf(entry)
}

/** The one value that all have; undefined for none or several. */
export function agreed<T>(values: readonly T[]): T | undefined {
  const [first] = values
  return values.every((value) => value === first) ? first : undefined
}

/** True for what only grows, and starts again from 0 with its process. */
export function isCumulative({ shape }: Metric): boolean {
  return shape === 'counter' || shape === 'bucket' || shape === 'sum' || shape === 'count'
}

/** True for the states of a thing written as series that are always 1 (`_info`), or a time. */
export function isInfo({ meanings }: Metric): boolean {
  return meanings.some(({ entry }) => signals[entry.signal].kind === 'info')
}

/** True where every meaning of the name is of the past, and none of the versions that are said to run shows it. */
export function isPast(meanings: readonly KnownName[], versions: Readonly<Record<string, string>>): boolean {
  return meanings.length > 0 && meanings.every(({ entry }) => isOld(entry) && !isShown(entry, versions))
}

function isOld(entry: DialectEntry): boolean {
  return entry.replacedBy !== undefined || entry.until !== undefined
}

function isShown({ dialect, since, until, hiddenFrom }: DialectEntry, versions: Readonly<Record<string, string>>): boolean {
  const version = versions[dialects[dialect].speaker]
  if (version === undefined) return false
  if (since !== undefined && compareVersions(version, since) < 0) return false
  if (hiddenFrom !== undefined) return compareVersions(version, hiddenFrom) < 0
  // `until` includes its patches: 0.10.2 is of 0.10.
  return until === undefined || compareVersions(version.split('.').slice(0, until.split('.').length).join('.'), until) <= 0
}

/** How names of the vocabulary begin: `vllm:`, `llm_d_epp_`, with every other spelling. */
export const knownPrefixes: readonly string[] = [
  'vllm:',
  'sglang:',
  'trtllm_',
  'llamacpp:',
  'nv_trt_llm_',
  'DCGM_FI_',
  'llm_d_epp_',
  'llm_d_inference_scheduler_',
  'inference_model_',
  'inference_objective_',
  'inference_pool_',
  'inference_extension_',
  'kvcache_index_',
  'signalbox_',
  ...prefixRules.map(({ prefix }) => prefix),
]

/** Every name, as entries have it. */
export const allNames: readonly string[] = [...new Set(dialectEntries.map(({ name }) => name))]

/** Every label that some dialect has, and those of histograms. */
export const allLabels: ReadonlySet<string> = new Set(dialectEntries.flatMap(({ labels }) => labels.map(({ name }) => name)))

/** The labels that a metric's series have beside those that scraping adds; undefined where they are not all known. */
export function labelsOf(metric: Metric): ReadonlySet<string> | undefined {
  if (metric.meanings.length === 0 || isInfo(metric)) return undefined
  const names = metric.meanings.flatMap(({ entry, part, spelling }) => [
    ...entry.labels.map(({ name }) => name),
    ...(entry.replicas ?? []),
    ...Object.keys(entry.where ?? {}),
    ...(spelling?.labels ?? []),
    ...(part === '_bucket' ? ['le'] : []),
  ])
  return new Set(names)
}

/** Upper bounds on which all meanings of a histogram agree, the current ones where there are any, as written; undefined where they are not known or differ. */
export function boundsOf({ meanings }: Metric): readonly number[] | undefined {
  const current = meanings.filter(({ entry }) => !isOld(entry))
  const [first, ...others] = (current.length > 0 ? current : meanings).map(({ entry }) => entry.bounds)
  if (first === undefined || others.some((bounds) => bounds?.join() !== first.join())) return undefined
  return first
}
