import { type ExpositionFormat, formatValue } from '@signalbox/exposition'
import type { DialectEntry } from '@signalbox/signals'
import { type Family, flat, type Group, Groups, header, seriesText } from './family.ts'
import type { Projection } from './projection.ts'

interface Scalar {
  readonly value: number
}

/** A family of counters or of gauges: series that become equal under the entry's labels are summed. */
export class ScalarFamily implements Family<Scalar> {
  readonly #entry: DialectEntry
  readonly #groups = new Groups<Scalar, number>()
  /** A counter's name in OpenMetrics, where it can have one. */
  readonly #counterFamily: string | undefined

  /** `isTaken`: whether another family of the page has the name. */
  constructor(entry: DialectEntry, isTaken: (name: string) => boolean) {
    this.#entry = entry
    const stem = entry.type === 'counter' && entry.name.endsWith('_total') ? entry.name.slice(0, -'_total'.length) : undefined
    this.#counterFamily = stem !== undefined && isTaken(stem) ? undefined : stem
  }

  add(cell: Scalar, values: readonly string[], view: { projection: Projection; nowMs: number }): void {
    this.#groups.add(cell, values, view)
  }

  remove(cell: Scalar, values: readonly string[], projection: Projection): void {
    const keeps = projection.coarse && this.#entry.type === 'counter'
    const labels = projection.labelText(values)
    this.#groups.remove(cell, labels, ({ retired }) => (keeps ? (retired ?? 0) + cell.value * projection.entry.scale : retired))
  }

  render(format: ExpositionFormat, created: boolean): string {
    if (this.#groups.size === 0) return ''
    const createdName = created && format === 'openmetrics' && this.#counterFamily !== undefined ? `${this.#counterFamily}_created` : undefined
    let page = header(this.#entry, format, this.#counterFamily)
    for (const group of this.#groups) {
      group.rendered ??= { format, prefixes: [flat(seriesText(this.#entry.name, group.labels), ' ')], observations: Number.NaN, text: '' }
      page += `${group.rendered.prefixes[0]}${formatValue(total(group))}\n`
      if (createdName !== undefined) page += `${seriesText(createdName, group.labels)} ${group.createdSeconds}\n`
    }
    return page
  }
}

function total(group: Group<Scalar, number>): number {
  let sum = group.retired ?? 0
  for (const [cell, projection] of group.members) sum += cell.value * projection.entry.scale
  return sum
}
