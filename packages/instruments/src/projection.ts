import { assert } from '@signalbox/base'
import { escapeLabelValue } from '@signalbox/exposition'
import type { DialectEntry } from '@signalbox/signals'

/** One dialect entry's view of the stored labels of its signal: which of them it carries, under which names, in which order. */
export class Projection {
  readonly entry: DialectEntry
  /** True when some stored label is left out, so that several series may become one. */
  readonly coarse: boolean
  readonly #positions: readonly number[]
  /** The values that series of the entry's population have, by label position. */
  readonly #population: readonly (readonly [position: number, value: string])[]

  constructor(entry: DialectEntry, storedLabels: readonly string[]) {
    this.entry = entry
    this.#positions = entry.labels.map(({ from }) => storedLabels.indexOf(from))
    assert(!this.#positions.includes(-1), `${entry.name} maps a label that ${entry.signal} does not have`)
    this.#population = Object.entries(entry.population ?? {}).map(([label, value]) => [storedLabels.indexOf(label), value])
    assert(!this.#population.some(([position]) => position === -1), `${entry.name} selects by a label that ${entry.signal} does not have`)
    this.coarse = new Set(this.#positions).size < storedLabels.length
  }

  /** True for a series that the entry's population has. */
  counts(values: readonly string[]): boolean {
    return this.#population.every(([position, value]) => values[position] === value)
  }

  /** True when the entry shows the stored label at `position`. */
  carries(position: number): boolean {
    return this.#positions.includes(position)
  }

  /** `a="x",b="y"`, '' without labels: equal exactly for series that this entry shows as one. */
  labelText(values: readonly string[]): string {
    let text = ''
    this.entry.labels.forEach(({ name }, i) => {
      text += `${i === 0 ? '' : ','}${name}="${escapeLabelValue(values[this.#positions[i] as number] as string)}"`
    })
    return text
  }
}
