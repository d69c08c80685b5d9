import { Labels } from '@signalbox/base'
import type { ExpositionFormat, MetricType } from '../types.ts'
import type { LineFault } from './line-fault.ts'
import type { MetadataLine } from './metadata-line.ts'
import { Point } from './point.ts'
import type { SampleLine } from './sample-line.ts'
import { checkSample, type FamilySample, partLabel } from './sample-rules.ts'

/** What the samples of a type may add to the family's name. SOURCE: OpenMetrics 1.0.0, section "Suffixes". */
const openMetricsSuffixes: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
}

const textSuffixes: Readonly<Record<MetricType, readonly string[]>> = {
  ...openMetricsSuffixes,
  counter: [''],
  histogram: ['_bucket', '_count', '_sum'],
  summary: ['', '_count', '_sum'],
}

interface Metric {
  readonly key: string
  point: Point
  timestamp: number | undefined
  lastLine: number
}

interface Family {
  readonly name: string
  readonly line: number
  type: MetricType
  readonly seen: Set<MetadataLine['keyword']>
  unit: string
  hasSamples: boolean
  readonly metrics: Map<string, Metric>
}

/**
 * The rules between the lines of one page. Lines come in page order; the first fault ends it.
 *
 *     family   metadata lines, then samples; each family once, its names its own
 *     metric   the samples of one label set, without le, quantile and state
 *     point    the samples of one metric at one time
 *
 * OpenMetrics wants families, metrics and points one after the other. Text wants families so, and its points complete at the family's end.
 */
export class PageRules {
  readonly #format: ExpositionFormat
  readonly #suffixes: typeof openMetricsSuffixes
  readonly #families = new Set<string>()
  /** Every name that a family's samples have or could have, and the family. */
  readonly #owners = new Map<string, string>()
  #family: Family | undefined
  #metric: Metric | undefined

  constructor(format: ExpositionFormat) {
    this.#format = format
    this.#suffixes = format === 'openmetrics' ? openMetricsSuffixes : textSuffixes
  }

  metadata(line: MetadataLine, number: number): LineFault | undefined {
    const fault = (message: string): LineFault => ({ code: 'bad-metadata', column: 1, message })
    if (this.#family?.name !== line.family) {
      const opened = this.#open(line.family, number)
      if (opened !== undefined) return opened
    }
    const family = this.#family as Family
    if (family.hasSamples) return fault(`metadata stands before the samples of its family; move this line above the first sample of ${family.name}`)
    if (family.seen.has(line.keyword)) return fault(`${family.name} has a second ${line.keyword} line; keep one`)
    family.seen.add(line.keyword)
    if (line.keyword === 'TYPE') family.type = line.type
    if (line.keyword === 'UNIT') family.unit = line.unit
    return undefined
  }

  sample(line: SampleLine, number: number): LineFault | undefined {
    const opened = this.#familyOf(line, number)
    if (opened !== undefined) return opened
    const family = this.#family as Family
    if (!family.hasSamples) {
      const clash = this.#settle(family)
      if (clash !== undefined) return clash
      family.hasSamples = true
    }
    const sample: FamilySample = {
      format: this.#format,
      family: family.name,
      type: family.type,
      suffix: line.name.slice(family.name.length),
      line,
    }
    const part = partLabel(sample)
    const key = keyOf(line, part)
    const entered = this.#enter(family, { key, timestamp: line.timestamp, column: line.timestampColumn })
    if (entered !== undefined) return entered
    const metric = this.#metric as Metric
    metric.lastLine = number
    if (!metric.point.add(part === undefined ? sample.suffix : `${sample.suffix}=${line.labels.get(part) ?? ''}`)) {
      if (this.#format === 'text' || line.timestamp === undefined)
        return { code: 'duplicate', column: 1, message: 'the same name and labels stand on an earlier line; keep one' }
      // The clock of a point may be coarser than the points: the later one counts.
      return undefined
    }
    return checkSample(sample, metric.point)
  }

  /** At the end of the page. */
  finish(): LineFault | undefined {
    return this.#close()
  }

  /** Makes the family that the sample belongs to the current one. */
  #familyOf({ name }: SampleLine, number: number): LineFault | undefined {
    const family = this.#family
    if (family !== undefined) {
      const suffixes = this.#suffixes[family.type]
      if (suffixes.some((suffix) => name === family.name + suffix)) return undefined
      if (name === family.name) {
        const names = suffixes.map((suffix) => family.name + suffix).join(', ')
        return { code: 'bad-name', column: 1, message: `a family of type ${family.type} has no sample ${name}; its samples are ${names}` }
      }
    }
    const owner = this.#owners.get(name)
    if (owner === undefined || owner === name) return this.#open(name, number)
    return (
      this.#close() ?? {
        code: 'bad-order',
        column: 1,
        message: `${name} is a sample of the family ${owner}, which has ended; bring them together or rename one`,
      }
    )
  }

  /** Closes the current family and begins another. */
  #open(name: string, number: number): LineFault | undefined {
    const closed = this.#close()
    if (closed !== undefined) return closed
    if (this.#families.has(name))
      return { code: 'bad-order', column: 1, message: `lines of ${name} stand in two places; bring them together, with one set of metadata` }
    this.#families.add(name)
    this.#family = { name, line: number, type: 'unknown', seen: new Set(), unit: '', hasSamples: false, metrics: new Map() }
    return undefined
  }

  /** Once the type is known: claims the names of its samples. */
  #settle(family: Family): LineFault | undefined {
    const { name, type, unit, line } = family
    if (unit !== '' && !name.endsWith(`_${unit}`))
      return { code: 'bad-metadata', column: 1, line, message: `the unit ${unit} is no suffix of ${name}; rename the family to ${name}_${unit}` }
    if (unit !== '' && (type === 'info' || type === 'stateset'))
      return { code: 'bad-metadata', column: 1, line, message: `a family of type ${type} has no unit; leave the UNIT line out` }
    for (const suffix of this.#suffixes[type]) {
      const owner = this.#owners.get(name + suffix)
      if (owner !== undefined)
        return { code: 'name-clash', column: 1, line, message: `${name + suffix} could be a sample of ${name} and of ${owner}; rename one` }
      this.#owners.set(name + suffix, name)
    }
    return undefined
  }

  #close(): LineFault | undefined {
    const family = this.#family
    if (family === undefined) return undefined
    const metrics = this.#format === 'openmetrics' ? [this.#metric] : family.metrics.values()
    for (const metric of metrics) {
      const fault = metric === undefined ? undefined : this.#finishPoint(family, metric)
      if (fault !== undefined) return fault
    }
    this.#metric = undefined
    this.#family = undefined
    return family.hasSamples ? undefined : this.#settle(family)
  }

  /** Makes the metric and point of a sample the current ones. */
  #enter(family: Family, { key, timestamp, column }: { key: string; timestamp: number | undefined; column: number }): LineFault | undefined {
    const current = this.#metric
    const known = family.metrics.get(key)
    if (known === undefined || this.#format === 'text') {
      const finished = current === undefined || this.#format === 'text' ? undefined : this.#finishPoint(family, current)
      if (finished !== undefined) return finished
      this.#metric = known ?? { key, point: new Point(), timestamp, lastLine: 0 }
      family.metrics.set(key, this.#metric)
      return undefined
    }
    if (current !== known)
      return { code: 'bad-order', column: 1, message: 'the samples of a metric stand together; bring this line to the others with its labels' }
    if ((timestamp === undefined) !== (known.timestamp === undefined))
      return { code: 'bad-order', column, message: 'either all samples of a metric have timestamps or none has' }
    if (timestamp === undefined || timestamp === known.timestamp) return undefined
    if (timestamp < (known.timestamp as number))
      return { code: 'bad-order', column, message: 'the timestamps of a metric do not go back; sort its points' }
    const finished = this.#finishPoint(family, known)
    if (finished !== undefined) return finished
    known.point = new Point()
    known.timestamp = timestamp
    return undefined
  }

  #finishPoint(family: Family, metric: Metric): LineFault | undefined {
    const fault = metric.point.finish(family.type, this.#format)
    return fault === undefined ? undefined : { ...fault, line: metric.lastLine }
  }
}

/** The labels of the metric: those of the sample but for `part`, and an empty value is an absent label. */
function keyOf({ labels }: SampleLine, part: string | undefined): string {
  const own = part === undefined || !labels.has(part) ? labels : new Map([...labels].filter(([name]) => name !== part))
  return Labels.from(own).key
}
