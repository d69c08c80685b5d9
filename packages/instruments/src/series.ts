import { assert, type Clock } from '@signalbox/base'
import { type SignalId, signals } from '@signalbox/signals'
import type { Family } from './family.ts'
import type { Projection } from './projection.ts'
import type { SeriesLimits } from './series-limits.ts'
import type { Instrument } from './types.ts'

type Branch<Cell> = Map<string, Branch<Cell> | Cell>

/** One entry of the signal and the family that shows it. */
interface View<Cell> {
  readonly projection: Projection
  readonly family: Family<Cell>
}

interface SeriesDeps<Cell> {
  readonly create: () => Cell
  readonly views: readonly View<Cell>[]
  readonly limits: SeriesLimits
  readonly clock: Clock
}

/**
 * The series of one signal, by label values: one Map a label, nested, because the engine has hashed the strings already
 * and a joined key would be hashed anew for each request.
 *
 *     with('llama', 'llama-a', ...)  ->  root.get('llama').get('llama-a') ... -> cell
 */
export class Series<Cell extends object> implements Instrument<Cell> {
  readonly signal: SignalId
  readonly #labels: readonly string[]
  readonly #deps: SeriesDeps<Cell>
  #root: Branch<Cell> | Cell | undefined

  constructor(signal: SignalId, deps: SeriesDeps<Cell>) {
    this.signal = signal
    this.#labels = signals[signal].labels
    this.#deps = deps
  }

  with(...values: readonly string[]): Cell {
    assert(values.length === this.#labels.length, 'with() takes a value for each label of the signal')
    return this.#find(values) ?? this.#add(values)
  }

  remove(...values: readonly string[]): void {
    assert(values.length === this.#labels.length, 'remove() takes a value for each label of the signal')
    const cell = this.#find(values)
    if (cell === undefined) return
    this.#set(values, undefined)
    for (const { family, projection } of this.#deps.views) if (projection.counts(values)) family.remove(cell, values, projection)
    this.#deps.limits.release(this.#labels, values, (position) => this.#isRetained(position))
  }

  #find(values: readonly string[]): Cell | undefined {
    let node = this.#root
    for (let i = 0; i < values.length; i++) {
      if (node === undefined) return undefined
      node = (node as Branch<Cell>).get(values[i] as string)
    }
    return node as Cell | undefined
  }

  #add(values: readonly string[]): Cell {
    const { create, views, limits, clock } = this.#deps
    const folded = limits.fold(this.#labels, values)
    const existing = folded === values ? undefined : this.#find(folded)
    if (existing !== undefined) return existing
    const cell = create()
    this.#set(folded, cell)
    limits.retain(this.#labels, folded)
    for (const { family, projection } of views) if (projection.counts(folded)) family.add(cell, folded, { projection, nowMs: clock.nowMs() })
    return cell
  }

  /** Hangs a cell into the tree, or takes it out with the branches that it leaves empty. */
  #set(values: readonly string[], cell: Cell | undefined): void {
    this.#root = graft(this.#root as Branch<Cell> | undefined, values, 0, cell)
  }

  /** True when a retired total shows the label at `position`, so that its value stays in use. */
  #isRetained(position: number): boolean {
    if (signals[this.signal].kind !== 'counter' && signals[this.signal].kind !== 'histogram') return false
    return this.#deps.views.some(({ projection }) => projection.coarse && projection.carries(position))
  }
}

function graft<Cell extends object>(
  branch: Branch<Cell> | undefined,
  values: readonly string[],
  depth: number,
  cell: Cell | undefined,
): Branch<Cell> | Cell | undefined {
  if (depth === values.length) return cell
  const grown: Branch<Cell> = branch ?? new Map()
  const value = values[depth] as string
  const child = graft(grown.get(value) as Branch<Cell> | undefined, values, depth + 1, cell)
  if (child === undefined) grown.delete(value)
  else grown.set(value, child)
  return grown.size === 0 ? undefined : grown
}
