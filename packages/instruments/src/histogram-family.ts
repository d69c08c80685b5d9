import { assert } from '@signalbox/base'
import { type ExpositionFormat, formatValue } from '@signalbox/exposition'
import { type DialectEntry, dialects } from '@signalbox/signals'
import { formatBound } from './bound.ts'
import type { Histogram } from './cells.ts'
import { type Family, flat, type Group, Groups, header, type Rendered, seriesText } from './family.ts'
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
  /** Scratch space of `render`: counts by bucket, and the pieces of a group's text. */
  readonly #counts: Float64Array
  readonly #parts: (string | number)[] = []

  constructor(entry: DialectEntry) {
    const bounds = [...(entry.bounds ?? []), Infinity]
    assert(
      bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number)),
      `the bounds of ${entry.name} ascend`,
    )
    this.#entry = entry
    this.#counts = new Float64Array(bounds.length)
    const spelling = dialects[entry.dialect].boundSpelling ?? 'go'
    const texts = (format: ExpositionFormat): string[] => bounds.map((bound) => `${formatBound(bound, format, spelling)}"} `)
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
    let observations = 0
    for (const cell of group.members.keys()) observations += cell.observations
    if (group.rendered?.format !== format) group.rendered = { format, prefixes: this.#prefixes(group, format), observations: Number.NaN, text: '' }
    const { rendered } = group
    if (rendered.observations !== observations) {
      rendered.text = this.#groupText(group, rendered, created)
      rendered.observations = observations
    }
    return rendered.text
  }

  #prefixes({ labels }: Group<Histogram, Retired>, format: ExpositionFormat): string[] {
    const { name } = this.#entry
    const bucket = labels === '' ? `_bucket{le="` : `_bucket{${labels},le="`
    const prefixes = this.#boundTexts[format].map((bound, i) => flat(i === 0 ? '' : '\n', name, bucket, bound))
    return [...prefixes, flat('\n', seriesText(`${name}_sum`, labels), ' '), flat('\n', seriesText(`${name}_count`, labels), ' ')]
  }

  #groupText(group: Group<Histogram, Retired>, { prefixes }: Rendered, created: boolean): string {
    const counts = this.#counts
    if (group.retired === undefined) counts.fill(0)
    else counts.set(group.retired.counts)
    let sum = group.retired?.sum ?? 0
    for (const [cell, projection] of group.members) {
      this.#addCounts(counts, cell, projection)
      sum += cell.sum * projection.entry.scale
    }
    const parts = this.#parts
    let cumulative = 0
    for (let i = 0; i < counts.length; i++) {
      cumulative += counts[i] as number
      parts[2 * i] = prefixes[i] as string
      parts[2 * i + 1] = cumulative
    }
    const last = 2 * counts.length
    parts[last] = prefixes[counts.length] as string
    parts[last + 1] = formatValue(sum)
    parts[last + 2] = prefixes[counts.length + 1] as string
    parts[last + 3] = cumulative
    parts[last + 4] = created ? `\n${seriesText(`${this.#entry.name}_created`, group.labels)} ${group.createdSeconds}\n` : '\n'
    return parts.join('')
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
