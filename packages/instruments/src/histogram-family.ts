import { assert } from '@signalbox/base'
import { type ExpositionFormat, formatValue } from '@signalbox/exposition'
import type { DialectEntry } from '@signalbox/signals'
import { formatBound } from './bound.ts'
import type { Histogram } from './cells.ts'
import { type Family, type Group, Groups, header, seriesText } from './family.ts'
import type { Projection } from './projection.ts'

/** Observations by bucket of the family (not cumulative), the one above the last bound included. */
interface Retired {
  readonly counts: Float64Array
  sum: number
}

/** A family of histograms: its own bounds only, taken out of the finer storage that all entries of a signal share. */
export class HistogramFamily implements Family<Histogram> {
  readonly #entry: DialectEntry
  readonly #groups = new Groups<Histogram, Retired>()
  /** By projection: for each bucket of the family, one past the last storage bucket that belongs to it. */
  readonly #ends = new Map<Projection, Int32Array>()
  /** `<bound>"} ` by format. */
  readonly #boundTexts: Readonly<Record<ExpositionFormat, readonly string[]>>
  /** Scratch space of `render`. */
  readonly #counts: Float64Array

  constructor(entry: DialectEntry) {
    const bounds = [...(entry.bounds ?? []), Infinity]
    assert(
      bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number)),
      `the bounds of ${entry.name} ascend`,
    )
    this.#entry = entry
    this.#counts = new Float64Array(bounds.length)
    const texts = (format: ExpositionFormat): string[] => bounds.map((bound) => `${formatBound(bound, format)}"} `)
    this.#boundTexts = { text: texts('text'), openmetrics: texts('openmetrics') }
  }

  /** Tells how a projection's storage is laid out; before its first `add`. `storageBounds` in the signal's unit. */
  layOut(projection: Projection, storageBounds: Float64Array): void {
    const { name, bounds = [], scale } = projection.entry
    assert(bounds.join() === (this.#entry.bounds ?? []).join(), `${name} has one set of bounds`)
    const ends = Int32Array.from([...bounds.map((bound) => storageBounds.indexOf(bound / scale) + 1), storageBounds.length + 1])
    assert(!ends.includes(0), `the storage of ${name} holds its bounds`)
    this.#ends.set(projection, ends)
  }

  add(cell: Histogram, values: readonly string[], view: { projection: Projection; nowMs: number }): void {
    this.#groups.add(cell, values, view)
  }

  remove(cell: Histogram, values: readonly string[], projection: Projection): void {
    this.#groups.remove(cell, projection.labelText(values), ({ retired }) => {
      if (!projection.coarse) return retired
      const total = retired ?? { counts: new Float64Array(this.#counts.length), sum: 0 }
      this.#addCounts(total.counts, cell, projection)
      total.sum += cell.sum * projection.entry.scale
      return total
    })
  }

  render(format: ExpositionFormat, created: boolean): string {
    if (this.#groups.size === 0) return ''
    let page = header(this.#entry, format)
    for (const group of this.#groups) page += this.#renderGroup(group, format, created && format === 'openmetrics')
    return page
  }

  #renderGroup(group: Group<Histogram, Retired>, format: ExpositionFormat, created: boolean): string {
    const { name } = this.#entry
    const counts = this.#counts
    if (group.retired === undefined) counts.fill(0)
    else counts.set(group.retired.counts)
    let sum = group.retired?.sum ?? 0
    for (const [cell, projection] of group.members) {
      this.#addCounts(counts, cell, projection)
      sum += cell.sum * projection.entry.scale
    }
    const prefix = group.labels === '' ? `${name}_bucket{le="` : `${name}_bucket{${group.labels},le="`
    const boundTexts = this.#boundTexts[format]
    let page = ''
    let cumulative = 0
    for (let i = 0; i < counts.length; i++) {
      cumulative += counts[i] as number
      page += `${prefix}${boundTexts[i]}${cumulative}\n`
    }
    page += `${seriesText(`${name}_sum`, group.labels)} ${formatValue(sum)}\n${seriesText(`${name}_count`, group.labels)} ${cumulative}\n`
    return created ? `${page}${seriesText(`${name}_created`, group.labels)} ${group.createdSeconds}\n` : page
  }

  #addCounts(into: Float64Array, cell: Histogram, projection: Projection): void {
    const ends = this.#ends.get(projection)
    assert(ends !== undefined, 'a projection is laid out before its first cell')
    const stored = cell.counts
    let at = 0
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] as number
      let count = into[i] as number
      for (; at < end; at++) count += stored[at] as number
      into[i] = count
    }
  }
}

/** The bounds of every entry in the signal's unit, ascending, each once: with these, each entry's own buckets are exact. */
export function unionOfBounds(entries: readonly DialectEntry[]): Float64Array {
  return Float64Array.from(new Set(entries.flatMap(({ bounds = [], scale }) => bounds.map((bound) => bound / scale)))).sort()
}
