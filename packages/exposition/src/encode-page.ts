import { assert, type Labels } from '@signalbox/base'
import { escapeHelp, escapeLabelValue } from './escape.ts'
import { formatValue } from './format.ts'
import type { Exemplar, ExpositionFormat, MetricType } from './types.ts'

/** A family as OpenMetrics thinks of it: the name without the suffixes of its samples. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*` */
  readonly name: string
  readonly type: MetricType
  /** '' for none. */
  readonly help: string
  /** '' for none, else a suffix of the name. Only OpenMetrics writes it. */
  readonly unit: string
  /** In the order of the page: metric by metric, a bucket before the next higher one. */
  readonly samples: readonly MetricSample[]
}

export interface MetricSample {
  /** '_total', '_bucket', ... , or ''. */
  readonly suffix: string
  /** With `le`, `quantile` or the state. */
  readonly labels: Labels
  readonly value: number
  readonly timestampMs?: number
  /** Only OpenMetrics writes it. */
  readonly exemplar?: Exemplar
}

/**
 * Writes families as one page, in their order. What the caller gives is what the page says: keeping the rules between samples
 * (`checkPage`) is the caller's. Text has fewer types, so a sample that its family's type lacks there (`_created`, an info, a state
 * set, a gauge histogram) becomes a gauge under its full name. A name that is none of the format's is a bug and throws.
 */
export function encodePage(families: readonly MetricFamily[], format: ExpositionFormat): Uint8Array {
  const lines: string[] = []
  for (const family of families) {
    for (const part of format === 'openmetrics' ? [family] : textFamilies(family)) addFamily(lines, part, format)
  }
  if (format === 'openmetrics') lines.push('# EOF')
  return new TextEncoder().encode(lines.length === 0 ? '' : `${lines.join('\n')}\n`)
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** The suffixes that stay in the family's group where text has its type. */
const textSuffixes: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  gauge: [''],
  unknown: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

function textFamilies(family: MetricFamily): MetricFamily[] {
  const kept = textSuffixes[family.type] ?? []
  const families: MetricFamily[] = []
  const samples = family.samples.filter(({ suffix }) => kept.includes(suffix))
  if (samples.length > 0 || family.samples.length === 0) families.push({ ...family, samples })
  for (const suffix of new Set(family.samples.map((sample) => sample.suffix))) {
    if (kept.includes(suffix)) continue
    const type = family.type === 'counter' && suffix === '_total' ? 'counter' : 'gauge'
    const own = family.samples.filter((sample) => sample.suffix === suffix).map((sample) => ({ ...sample, suffix: '' }))
    families.push({ ...family, name: family.name + suffix, type, samples: own })
  }
  return families
}

function addFamily(lines: string[], { name, type, help, unit, samples }: MetricFamily, format: ExpositionFormat): void {
  assert(metricName.test(name), 'a family has a name of the format')
  lines.push(`# TYPE ${name} ${format === 'text' ? textType(type) : type}`)
  if (format === 'openmetrics' && unit !== '') lines.push(`# UNIT ${name} ${unit}`)
  if (help !== '') lines.push(`# HELP ${name} ${escapeHelp(help)}`)
  for (const sample of samples) lines.push(sampleLine(name, sample, format))
}

/** Of a family without samples too, so every type has an answer. */
function textType(type: MetricType): string {
  if (type === 'unknown') return 'untyped'
  return type === 'info' || type === 'stateset' || type === 'gaugehistogram' ? 'gauge' : type
}

function sampleLine(name: string, { suffix, labels, value, timestampMs, exemplar }: MetricSample, format: ExpositionFormat): string {
  const series = `${name}${suffix}${labels.size === 0 ? '' : labelText(labels)}`
  if (format === 'text') return `${series} ${formatValue(value)}${timestampMs === undefined ? '' : ` ${timestampMs}`}`
  const line = `${series} ${formatValue(value)}${secondsText(timestampMs)}`
  return exemplar === undefined ? line : `${line} # ${labelText(exemplar.labels)} ${formatValue(exemplar.value)}${secondsText(exemplar.timestampMs)}`
}

function labelText(labels: Labels): string {
  const pairs = labels.names.map((name, i) => {
    assert(labelName.test(name), 'a label has a name of the format')
    return `${name}="${escapeLabelValue(labels.values[i] as string)}"`
  })
  return `{${pairs.join(',')}}`
}

/** Milliseconds as seconds; the shortest decimal of the quotient, which rounds back to the same millisecond. */
function secondsText(timestampMs: number | undefined): string {
  return timestampMs === undefined ? '' : ` ${timestampMs / 1000}`
}
