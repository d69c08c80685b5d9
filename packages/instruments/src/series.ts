import { assert, type Clock } from '@signalbox/base'
import { type SignalId, signals } from '@signalbox/signals'
import type { Upheavals } from './bundle.ts'
import type { Family } from './family.ts'
import { LabelTree } from './label-tree.ts'
import type { Projection } from './projection.ts'
import type { SeriesLimits } from './series-limits.ts'
import type { Instrument } from './types.ts'

/** One entry of the signal and the family that shows it. */
export interface View<Cell> {
  readonly projection: Projection
  readonly family: Family<Cell>
}

interface SeriesDeps<Cell> {
  readonly create: () => Cell
  /** The signal's labels that tell series apart, in the signal's order. */
  readonly labels: readonly string[]
  readonly views: readonly View<Cell>[]
  readonly limits: SeriesLimits
  readonly upheavals: Upheavals
  readonly clock: Clock
}

/**
 * The series of one signal, by the label values that tell them apart. Sums (counters, histograms) are not kept apart by a label
 * that no entry shows: `with` takes its value and forgets it.
 */
export class Series<Cell extends object> implements Instrument<Cell> {
  readonly signal: SignalId
  readonly #deps: SeriesDeps<Cell>
  readonly #arity: number
  /** Where the stored labels stand among the signal's; undefined when all are stored. */
  readonly #positions: readonly number[] | undefined
  readonly #cells = new LabelTree<Cell>()

  constructor(signal: SignalId, deps: SeriesDeps<Cell>) {
    const { labels } = signals[signal]
    this.signal = signal
    this.#deps = deps
    this.#arity = labels.length
    this.#positions = deps.labels.length === labels.length ? undefined : deps.labels.map((label) => labels.indexOf(label))
  }

  with(...values: readonly string[]): Cell {
    assert(values.length === this.#arity, 'with() takes a value for each label of the signal')
    const stored = this.#stored(values)
    return this.#cells.find(stored) ?? this.#add(stored)
  }

  remove(...values: readonly string[]): void {
    assert(values.length === this.#arity, 'remove() takes a value for each label of the signal')
    // Series that are not told apart are all coarse: what the removed one counted stays, as a retired total would.
    if (this.#positions !== undefined) return
    const cell = this.#cells.find(values)
    if (cell === undefined) return
    const { views, labels, limits, upheavals } = this.#deps
    this.#cells.set(values, undefined)
    upheavals.removals += 1
    for (const { family, projection } of views) if (projection.counts(values)) family.remove(cell, values, projection)
    limits.release(labels, values, (position) => this.#isRetained(position))
  }

  #stored(values: readonly string[]): readonly string[] {
    return this.#positions === undefined ? values : this.#positions.map((position) => values[position] as string)
  }

  #add(values: readonly string[]): Cell {
    const { create, labels, views, limits, clock } = this.#deps
    const folded = limits.fold(labels, values)
    const existing = folded === values ? undefined : this.#cells.find(folded)
    if (existing !== undefined) return existing
    const cell = create()
    this.#cells.set(folded, cell)
    limits.retain(labels, folded)
    for (const { family, projection } of views) if (projection.counts(folded)) family.add(cell, folded, { projection, nowMs: clock.nowMs() })
    return cell
  }

  /** True when a retired total shows the label at `position`, so that its value stays in use. */
  #isRetained(position: number): boolean {
    return isSum(this.signal) && this.#deps.views.some(({ projection }) => projection.coarse && projection.carries(position))
  }
}

/** True for what adds up over labels, and stays when a series goes. */
export function isSum(signal: SignalId): boolean {
  const { kind } = signals[signal]
  return kind === 'counter' || kind === 'histogram'
}
