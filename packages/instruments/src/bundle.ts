import { assert } from '@signalbox/base'
import { LabelTree } from './label-tree.ts'

/** What a bundle must know of its registry to tell whether cells that it keeps still count. */
export interface Upheavals {
  /** Series removed so far. */
  removals: number
  /** Label values folded into `other` so far. */
  folds: number
}

/** Cells that are recorded together, by the label values that they share: one lookup for all of them. */
export interface Bundle<Values extends readonly string[], Cells> {
  /** What `create` made for these values; the same object until a series of the registry is removed. */
  with(...values: Values): Cells
}

/**
 * A bundle holds at most as many tuples as there are series: values that overflowed are folded, and counted, at each call, and
 * never kept. After a removal it begins anew, because it cannot know whose cells have gone.
 */
export class CellBundle<Values extends readonly string[], Cells extends object> implements Bundle<Values, Cells> {
  readonly #create: (...values: Values) => Cells
  readonly #upheavals: Readonly<Upheavals>
  readonly #cells = new LabelTree<Cells>()
  #removals: number

  constructor(create: (...values: Values) => Cells, upheavals: Readonly<Upheavals>) {
    this.#create = create
    this.#upheavals = upheavals
    this.#removals = upheavals.removals
  }

  with(...values: Values): Cells {
    if (this.#upheavals.removals === this.#removals) {
      const known = this.#cells.find(values)
      if (known !== undefined) return known
    } else {
      this.#cells.clear()
      this.#removals = this.#upheavals.removals
    }
    return this.#make(values)
  }

  #make(values: Values): Cells {
    assert(values.length === this.#create.length, 'with() takes the values that create() takes')
    const { folds } = this.#upheavals
    const cells = this.#create(...values)
    if (this.#upheavals.folds === folds) this.#cells.set(values, cells)
    return cells
  }
}
