import type { ExpositionFormat, MetricType } from '../types.ts'
import type { LineFault } from './line-fault.ts'
import type { Point } from './point.ts'
import { type ExemplarPart, readBound, type SampleLine } from './sample-line.ts'

/** A sample, and what its family makes of it. */
export interface FamilySample {
  readonly format: ExpositionFormat
  readonly family: string
  readonly type: MetricType
  /** Of the sample's name over the family's. */
  readonly suffix: string
  readonly line: SampleLine
}

/** 'The combined length of the label names and values of an Exemplar's LabelSet', in code points. SOURCE: OpenMetrics 1.0.0, "Exemplars". */
const EXEMPLAR_LABELS_MAX = 128

/**
 * The label that tells samples of one metric apart and is no part of the metric's own labels: `le` of a bucket, `quantile` of a
 * summary, the state of a state set. Undefined: this sample has none.
 */
export function partLabel({ family, type, suffix }: Pick<FamilySample, 'family' | 'type' | 'suffix'>): string | undefined {
  if (suffix === '_bucket' && (type === 'histogram' || type === 'gaugehistogram')) return 'le'
  if (suffix !== '') return undefined
  return type === 'summary' ? 'quantile' : type === 'stateset' ? family : undefined
}

/** Checks one sample against its type, and adds it to its point. Undefined: it is sound. */
export function checkSample(sample: FamilySample, point: Point): LineFault | undefined {
  return checkValue(sample) ?? addToPoint(sample, point) ?? checkExemplar(sample)
}

function checkValue({ format, type, suffix, line }: FamilySample): LineFault | undefined {
  const { value } = line
  const fault = (message: string): LineFault => ({ code: 'bad-value', column: line.valueColumn, message })
  if (format === 'text') return undefined
  if (suffix === '_created' && !Number.isFinite(value)) return fault('a _created value is a time in seconds')
  if (type === 'info' && value !== 1) return fault('the value of an info is 1')
  if (type === 'stateset' && value !== 0 && value !== 1) return fault('the value of a state is 0 or 1')
  if (isCount(suffix)) {
    if (!(value >= 0)) return fault(`${suffix} is a count: neither negative nor NaN`)
    if (suffix !== '_total' && !Number.isInteger(value)) return fault(`${suffix} is a count: a whole number`)
  }
  if (suffix === '_sum' && !(value >= 0)) return fault('_sum is a counter: neither negative nor NaN')
  if (suffix === '_gsum' && Number.isNaN(value)) return fault('_gsum is not NaN')
  if (type === 'summary' && suffix === '' && value < 0) return fault('the value of a quantile is not negative')
  return undefined
}

function isCount(suffix: string): boolean {
  return suffix === '_total' || suffix === '_bucket' || suffix === '_count' || suffix === '_gcount'
}

function addToPoint(sample: FamilySample, point: Point): LineFault | undefined {
  const { format, family, type, suffix, line } = sample
  const part = partLabel(sample)
  const written = part === undefined ? '' : (line.labels.get(part) ?? '')
  if (type === 'stateset') {
    if (written !== '') return undefined
    return { code: 'bad-label', column: 1, message: `a sample of a state set names its state in the label ${family}` }
  }
  const reserved = type === 'histogram' || type === 'gaugehistogram' ? 'le' : type === 'summary' ? 'quantile' : undefined
  if (reserved !== undefined && part === undefined && line.labels.has(reserved))
    return { code: 'bad-label', column: 1, message: `the label ${reserved} stands on ${family}${reserved === 'le' ? '_bucket' : ''} only` }
  if (part === 'le') {
    const bound = readBound(written)
    if (bound === undefined) return { code: 'bad-label', column: 1, message: 'a bucket has a label le with its bound: a number, or +Inf' }
    return point.bucket({ bound, value: line.value, column: line.valueColumn })
  }
  if (part === 'quantile') {
    const quantile = readBound(written)
    if (quantile === undefined || quantile < 0 || quantile > 1)
      return { code: 'bad-label', column: 1, message: 'a quantile of a summary has a label quantile, a number from 0 to 1' }
    return format === 'text' ? point.quantile(quantile) : undefined
  }
  if (suffix === '_total') point.total()
  else if (suffix === '_count' || suffix === '_gcount') point.count(line.value)
  else if (suffix === '_sum' || suffix === '_gsum') point.sum(line.value)
  return undefined
}

function checkExemplar({ type, suffix, line }: FamilySample): LineFault | undefined {
  const { exemplar } = line
  if (exemplar === undefined) return undefined
  const fault = (message: string): LineFault => ({ code: 'bad-exemplar', column: exemplar.column, message })
  const isBucket = (type === 'histogram' || type === 'gaugehistogram') && suffix === '_bucket'
  if (!isBucket && !(type === 'counter' && suffix === '_total')) return fault('only buckets and the _total of a counter have exemplars')
  const length = codePoints(exemplar)
  if (length > EXEMPLAR_LABELS_MAX)
    return fault(`names and values of the exemplar's labels have ${length} characters, the limit is ${EXEMPLAR_LABELS_MAX}`)
  const bound = isBucket ? readBound(line.labels.get('le') ?? '') : undefined
  if (bound !== undefined && !(exemplar.value <= bound)) return fault(`the exemplar's value ${exemplar.value} is not in the bucket up to ${bound}`)
  return undefined
}

function codePoints({ labels }: ExemplarPart): number {
  let length = 0
  for (const [name, value] of labels) {
    length += name.length
    for (const _ of value) length += 1
  }
  return length
}
