import type { SignalId } from '@signalbox/signals'

/** What a label value becomes when its label has too many. */
const FOLDED = 'other'

/**
 * The registry's limits: distinct values of each label name (one set for all signals, so that a value is folded
 * everywhere or nowhere) and series in all. What does not fit becomes `other`, which always fits.
 */
export class SeriesLimits {
  readonly #labelValuesMax: number
  readonly #seriesMax: number
  readonly #onOverflow: (label: string) => void
  /** By label name: each value in use and the number of series that hold it. */
  readonly #uses = new Map<string, Map<string, number>>()
  #series = 0

  constructor(limits: { labelValuesMax: number; seriesMax: number; onOverflow: (label: string) => void }) {
    this.#labelValuesMax = limits.labelValuesMax
    this.#seriesMax = limits.seriesMax
    this.#onOverflow = limits.onOverflow
  }

  /** The values that a new series of these labels gets: the same array when they fit. Reports each label that overflowed. */
  fold(labels: readonly string[], values: readonly string[]): readonly string[] {
    if (this.#series >= this.#seriesMax) {
      for (const label of labels) this.#onOverflow(label)
      return values.map(() => FOLDED)
    }
    let folded: string[] | undefined
    for (let i = 0; i < labels.length; i++) {
      if (this.#fits(labels[i] as string, values[i] as string)) continue
      folded ??= [...values]
      folded[i] = FOLDED
      this.#onOverflow(labels[i] as string)
    }
    return folded ?? values
  }

  #fits(label: string, value: string): boolean {
    const uses = this.#uses.get(label)
    return value === FOLDED || uses === undefined || uses.size < this.#labelValuesMax || uses.has(value)
  }

  retain(labels: readonly string[], values: readonly string[]): void {
    this.#series += 1
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as string
      let uses = this.#uses.get(label)
      if (uses === undefined) {
        uses = new Map()
        this.#uses.set(label, uses)
      }
      const value = values[i] as string
      uses.set(value, (uses.get(value) ?? 0) + 1)
    }
  }

  /** Gives back what a removed series held, but for the labels at positions that `isKept` by a retired total. */
  release(labels: readonly string[], values: readonly string[], isKept: (position: number) => boolean): void {
    this.#series -= 1
    for (let i = 0; i < labels.length; i++) {
      if (isKept(i)) continue
      const uses = this.#uses.get(labels[i] as string)
      const value = values[i] as string
      const left = (uses?.get(value) ?? 0) - 1
      if (left > 0) uses?.set(value, left)
      else uses?.delete(value)
    }
  }
}

/** The signal that counts overflows. */
export const OVERFLOW_SIGNAL: SignalId = 'instruments.label_overflow'
