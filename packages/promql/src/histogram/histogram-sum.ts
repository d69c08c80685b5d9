import { lostIn } from '../neumaier.ts'
import { combinedHint } from './combine.ts'
import { type Buckets, compacted, divided, type FloatHistogram, mapHistogram, multiplied } from './float-histogram.ts'
import { commonLayout, eachPair, inLayout } from './layout.ts'

/**
 * A compensated sum of histograms, in the finest layout that holds all of them: one histogram of sums beside one of the low-order parts
 * that rounding lost. SOURCE: A. Neumaier, 1974; prometheus model/histogram/float_histogram.go (KahanAdd).
 */
export class HistogramSum {
  #sum: FloatHistogram | undefined
  #lost: FloatHistogram | undefined
  /** Some histogram followed a counter reset, some did not. */
  #sawReset = false
  #sawNoReset = false
  boundsReconciled = false

  /** False where the histogram cannot be added: exponential to custom bounds. */
  add(h: FloatHistogram): boolean {
    if (h.resetHint === 'reset') this.#sawReset = true
    if (h.resetHint === 'not_reset') this.#sawNoReset = true
    if (this.#sum === undefined || this.#lost === undefined) {
      this.#sum = h
      this.#lost = mapHistogram(h, () => 0)
      return true
    }
    const layout = commonLayout(this.#sum, h)
    if (layout === undefined) return false
    if (layout.boundsReconciled) this.boundsReconciled = true
    const [sum, lost, more] = [inLayout(this.#sum, layout), inLayout(this.#lost, layout), inLayout(h, layout)]
    const resetHint = combinedHint(sum.resetHint, more.resetHint).hint
    const [zeroCount, zeroLost] = compensated(sum.zeroCount, more.zeroCount, lost.zeroCount)
    const [count, countLost] = compensated(sum.count, more.count, lost.count)
    const [total, totalLost] = compensated(sum.sum, more.sum, lost.sum)
    const positive = compensatedBuckets(sum.positive, lost.positive, more.positive)
    const negative = compensatedBuckets(sum.negative, lost.negative, more.negative)
    this.#sum = { ...sum, resetHint, zeroCount, count, sum: total, positive: positive.sums, negative: negative.sums }
    this.#lost = { ...lost, zeroCount: zeroLost, count: countLost, sum: totalLost, positive: positive.lost, negative: negative.lost }
    return true
  }

  /** Makes a sum of n the mean of n, and back. */
  scale(factor: number): void {
    if (this.#sum !== undefined) this.#sum = mapHistogram(this.#sum, (value) => value * factor)
    if (this.#lost !== undefined) this.#lost = mapHistogram(this.#lost, (value) => value * factor)
  }

  /** Whether adding `h` would leave the range of doubles. */
  wouldOverflow(h: FloatHistogram): boolean {
    const trial = this.#copy()
    if (!trial.add(h) || trial.#sum === undefined) return false
    const { zeroCount, count, sum, positive, negative } = trial.#sum
    return [zeroCount, count, sum, ...positive.counts, ...negative.counts].some((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
  }

  get hintsCollide(): boolean {
    return this.#sawReset && this.#sawNoReset
  }

  /** The sum divided by `divisor`; undefined when nothing was added. */
  total(divisor = 1): FloatHistogram | undefined {
    if (this.#sum === undefined || this.#lost === undefined) return undefined
    const [sum, lost] = [divided(this.#sum, divisor), divided(this.#lost, divisor)]
    const plus = (a: Buckets, b: Buckets): Buckets => ({ indices: a.indices, counts: a.counts.map((count, i) => count + (b.counts[i] as number)) })
    return compacted({
      ...sum,
      zeroCount: sum.zeroCount + lost.zeroCount,
      count: sum.count + lost.count,
      sum: sum.sum + lost.sum,
      positive: plus(sum.positive, lost.positive),
      negative: plus(sum.negative, lost.negative),
    })
  }

  #copy(): HistogramSum {
    const copy = new HistogramSum()
    copy.#sum = this.#sum
    copy.#lost = this.#lost
    return copy
  }
}

/** A mean of histograms that survives overflow, as RunningMean is for numbers. */
export class HistogramMean {
  readonly #sum = new HistogramSum()
  #count = 0
  #incremental = false

  add(h: FloatHistogram): boolean {
    this.#count++
    const n = this.#count
    if (!this.#incremental && n > 1 && this.#sum.wouldOverflow(h)) {
      this.#incremental = true
      this.#sum.scale(1 / (n - 1))
    }
    if (!this.#incremental) return this.#sum.add(h)
    this.#sum.scale((n - 1) / n)
    return this.#sum.add(multiplied(h, 1 / n))
  }

  get hintsCollide(): boolean {
    return this.#sum.hintsCollide
  }

  get boundsReconciled(): boolean {
    return this.#sum.boundsReconciled
  }

  total(): FloatHistogram | undefined {
    return this.#sum.total(this.#incremental ? 1 : this.#count)
  }
}

/** `sum + value`, and what has been lost up to now. */
function compensated(sum: number, value: number, lost: number): [sum: number, lost: number] {
  const total = sum + value
  return [total, Math.abs(total) === Number.POSITIVE_INFINITY ? 0 : lost + lostIn(sum, value, total)]
}

/** `sums` and `lost` have the same indices, before and after. */
function compensatedBuckets(sums: Buckets, lost: Buckets, more: Buckets): { sums: Buckets; lost: Buckets } {
  const indices: number[] = []
  const totals: number[] = []
  const losses: number[] = []
  let i = 0
  eachPair(sums, more, (index, sum, value) => {
    const before = lost.indices[i] === index ? (lost.counts[i++] as number) : 0
    const [total, after] = compensated(sum, value, before)
    indices.push(index)
    totals.push(total)
    losses.push(after)
  })
  return { sums: { indices, counts: totals }, lost: { indices, counts: losses } }
}
