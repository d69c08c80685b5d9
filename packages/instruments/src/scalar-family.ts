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

  constructor(entry: DialectEntry) {
    this.#entry = entry
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
    const isCreatedShown = created && format === 'openmetrics' && this.#entry.type === 'counter' && this.#entry.name.endsWith('_total')
    let page = header(this.#entry, format)
    for (const group of this.#groups) {
      group.rendered ??= { format, prefixes: [flat(seriesText(this.#entry.name, group.labels), ' ')], observations: Number.NaN, text: '' }
      page += `${group.rendered.prefixes[0]}${formatValue(total(group))}\n`
      if (isCreatedShown) page += `${seriesText(this.#entry.name.replace(/_total$/, '_created'), group.labels)} ${group.createdSeconds}\n`
    }
    return page
  }
}

function total(group: Group<Scalar, number>): number {
  let sum = group.retired ?? 0
  for (const [cell, projection] of group.members) sum += cell.value * projection.entry.scale
  return sum
}
