import { assert } from '@signalbox/base'
import { type ExpositionFormat, escapeHelp } from '@signalbox/exposition'
import type { DialectEntry } from '@signalbox/signals'
import type { Projection } from './projection.ts'

/** Cells that one rendered series adds up, and what removed ones left behind. */
export interface Group<Cell, Retired> {
  /** `a="x",b="y"` */
  readonly labels: string
  readonly createdSeconds: string
  readonly members: Map<Cell, Projection>
  retired: Retired | undefined
  /** What the last rendering left for the next; undefined after a cell has left. A cell that enters has observed nothing yet. */
  rendered: Rendered | undefined
}

/**
 * A group as it was last rendered. It takes two to three times the memory of its part of the page, and spares the next page
 * putting the same text together again.
 */
export interface Rendered {
  readonly format: ExpositionFormat
  /** What stands between the values of the group's lines: from the newline before a line to the space before its value. */
  readonly prefixes: readonly string[]
  /** Observations by then; NaN before the first text. */
  observations: number
  text: string
}

/** One metric family of a page. `Cell` is what its series are summed from. */
export interface Family<Cell> {
  add(cell: Cell, values: readonly string[], view: { projection: Projection; nowMs: number }): void
  remove(cell: Cell, values: readonly string[], projection: Projection): void
  /** The family's lines; '' without any series. */
  render(format: ExpositionFormat, created: boolean): string
}

/**
 * A family's series by rendered labels. Entries of several signals may share one family (same name and type): their
 * series with equal labels are one series.
 *
 *     groups:  model_name="a"  ->  members { cell(a, tenant 1), cell(a, tenant 2) }, retired: what tenant 3 left
 *
 * Invariant: a group has a member or a retired total.
 */
export class Groups<Cell, Retired> {
  readonly #groups = new Map<string, Group<Cell, Retired>>()

  get size(): number {
    return this.#groups.size
  }

  [Symbol.iterator](): IterableIterator<Group<Cell, Retired>> {
    return this.#groups.values()
  }

  add(cell: Cell, values: readonly string[], view: { projection: Projection; nowMs: number }): void {
    const labels = view.projection.labelText(values)
    let group = this.#groups.get(labels)
    if (group === undefined) {
      group = { labels, createdSeconds: String(Math.floor(view.nowMs) / 1000), members: new Map(), retired: undefined, rendered: undefined }
      this.#groups.set(labels, group)
    }
    group.members.set(cell, view.projection)
  }

  /** Takes a cell out; `retire` answers the group's retired total with the cell's value added, undefined to keep nothing. */
  remove(cell: Cell, labels: string, retire: (group: Group<Cell, Retired>) => Retired | undefined): void {
    const group = this.#groups.get(labels)
    assert(group?.members.has(cell) === true, 'a removed cell is a member of its group')
    group.members.delete(cell)
    group.retired = retire(group)
    group.rendered = undefined
    if (group.members.size === 0 && group.retired === undefined) this.#groups.delete(labels)
  }
}

/**
 * `# HELP` and `# TYPE`. Text names a counter as its samples do; OpenMetrics names its family `counterFamily`. Without one the
 * counter is of type `unknown` there, so that the samples keep their name.
 */
export function header(entry: DialectEntry, format: ExpositionFormat, counterFamily?: string): string {
  let { name, type }: { name: string; type: string } = entry
  if (format === 'openmetrics' && type === 'counter') {
    if (counterFamily === undefined) type = 'unknown'
    else name = counterFamily
  }
  return `# HELP ${name} ${escapeHelp(entry.help)}\n# TYPE ${name} ${type}\n`
}

/** The parts as one run of characters: an engine keeps a string that was added up as a tree, and would walk it in each page. */
export function flat(...parts: readonly string[]): string {
  return parts.join('')
}

/** `name{labels}`, without braces when there are no labels. */
export function seriesText(name: string, labels: string): string {
  return labels === '' ? name : `${name}{${labels}}`
}
