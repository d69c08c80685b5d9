import type { Labels } from '@signalbox/base'
import type { Place } from '../ast.ts'
import type { Annotations } from '../context.ts'
import { added, type Combined, subtracted } from '../histogram/combine.ts'
import type { FloatHistogram } from '../histogram/float-histogram.ts'

/** The annotations of one series under a function of ranges. Worded as SOURCE: prometheus util/annotations. */
export class RangeNotes {
  readonly #annotations: Annotations
  readonly #place: Place
  readonly #name: string

  constructor(annotations: Annotations, place: Place, labels: Labels) {
    this.#annotations = annotations
    this.#place = place
    this.#name = labels.get('__name__')
  }

  mixedTypes(): undefined {
    this.#annotations.warn(`encountered a mix of histograms and floats for metric name "${this.#name}"`, this.#place)
  }

  mixedSchemas(): undefined {
    const message = `vector contains a mix of histograms with exponential and custom buckets schemas for metric name "${this.#name}"`
    this.#annotations.warn(message, this.#place)
  }

  notCounter(): void {
    this.#annotations.warn(`this native histogram metric is not a counter: "${this.#name}"`, this.#place)
  }

  notGauge(): void {
    this.#annotations.warn(`this native histogram metric is not a gauge: "${this.#name}"`, this.#place)
  }

  boundsReconciled(operation: 'addition' | 'subtraction' | 'aggregation'): void {
    this.#annotations.info(`mismatched custom buckets were reconciled during ${operation}`, this.#place)
  }

  hintsCollide(): void {
    this.#annotations.warn('conflicting counter resets during histogram aggregation', this.#place)
  }

  /** The sum; undefined, with a warning, where there is none. Collisions of hints are of no interest here: resets are handled explicitly. */
  added(a: FloatHistogram, b: FloatHistogram): FloatHistogram | undefined {
    return this.#combined(added(a, b), 'addition')
  }

  subtracted(a: FloatHistogram, b: FloatHistogram): FloatHistogram | undefined {
    return this.#combined(subtracted(a, b), 'subtraction')
  }

  #combined(result: Combined | undefined, operation: 'addition' | 'subtraction'): FloatHistogram | undefined {
    if (result === undefined) return this.mixedSchemas()
    if (result.boundsReconciled) this.boundsReconciled(operation)
    return result.histogram
  }
}
