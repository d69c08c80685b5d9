import type { ExpositionFormat } from '../types.ts'
import type { LineFault } from './line-fault.ts'

/** One bucket line of a histogram, its bound parsed. */
export interface BucketLine {
  readonly bound: number
  readonly value: number
  readonly column: number
}

/**
 * What one point of a metric has shown so far: which of its samples came, and for histograms what the buckets add up to.
 * Checks as the samples come what can be seen then, and the rest in `finish`.
 * SOURCE: OpenMetrics 1.0.0, sections "Histogram" and "GaugeHistogram"; Prometheus exposition format 0.0.4, section "Histograms and summaries".
 */
export class Point {
  readonly #samples = new Set<string>()
  #lastBound = Number.NEGATIVE_INFINITY
  #lastBucket = 0
  #hasBuckets = false
  #hasNegativeBound = false
  #infBucket: number | undefined
  #count: number | undefined
  #sum: number | undefined
  #lastQuantile = Number.NEGATIVE_INFINITY
  #hasTotal = false

  /** False: a sample with this key came before. */
  add(key: string): boolean {
    if (this.#samples.has(key)) return false
    this.#samples.add(key)
    return true
  }

  total(): void {
    this.#hasTotal = true
  }

  bucket({ bound, value, column }: BucketLine): LineFault | undefined {
    if (this.#hasBuckets && bound <= this.#lastBound)
      return { code: 'bad-histogram', column: 1, message: 'buckets stand in increasing order of le, each bound once; sort them' }
    if (value < this.#lastBucket)
      return { code: 'bad-histogram', column, message: 'buckets are cumulative: this one is smaller than the one before it' }
    this.#hasBuckets = true
    this.#hasNegativeBound ||= bound < 0
    this.#lastBound = bound
    this.#lastBucket = value
    if (bound === Infinity) this.#infBucket = value
    return undefined
  }

  count(value: number): void {
    this.#count = value
  }

  sum(value: number): void {
    this.#sum = value
  }

  /** Of the text format, which wants quantiles sorted. */
  quantile(quantile: number): LineFault | undefined {
    if (quantile <= this.#lastQuantile) return { code: 'bad-summary', column: 1, message: 'quantiles stand in increasing order; sort them' }
    this.#lastQuantile = quantile
    return undefined
  }

  /** What is missing or does not fit, now that the point is whole. Column 1 of its last line. */
  finish(type: string, format: ExpositionFormat): LineFault | undefined {
    const fault = (message: string): LineFault => ({ code: 'bad-histogram', column: 1, message })
    if (type === 'counter' && format === 'openmetrics' && !this.#hasTotal)
      return { code: 'bad-value', column: 1, message: 'a counter has a sample with the suffix _total; add it' }
    if (type !== 'histogram' && type !== 'gaugehistogram') return undefined
    const [sum, count] = type === 'histogram' ? ['_sum', '_count'] : ['_gsum', '_gcount']
    if (this.#infBucket === undefined) return fault('a histogram ends with the bucket le="+Inf"; add it')
    if (this.#count !== undefined && this.#count !== this.#infBucket)
      return fault(`${count} is ${this.#count} and the bucket le="+Inf" is ${this.#infBucket}; they are the same number`)
    if (format === 'text') {
      if (this.#sum === undefined || this.#count === undefined) return fault('a histogram has _sum and _count; add what is missing')
      return undefined
    }
    if ((this.#sum === undefined) !== (this.#count === undefined))
      return fault(`${sum} and ${count} stand together or not at all; add ${this.#sum === undefined ? sum : count}`)
    if (type === 'histogram' && this.#hasNegativeBound && this.#sum !== undefined)
      return fault('a histogram with a negative bound has no _sum, which could decrease; leave out _sum and _count')
    if (type === 'gaugehistogram' && !this.#hasNegativeBound && (this.#sum ?? 0) < 0) return fault('_gsum is negative although no bound is')
    return undefined
  }
}
