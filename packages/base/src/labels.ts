/**
 * An immutable set of label pairs, sorted by name, without empty values (an empty value is an
 * absent label, as in Prometheus).
 */
export class Labels {
  static readonly empty: Labels = new Labels([], [])

  readonly names: readonly string[]
  readonly values: readonly string[]
  #key: string | undefined

  /** `names` must be sorted and unique, `values` non-empty; use `from` for anything else. */
  constructor(names: readonly string[], values: readonly string[]) {
    this.names = names
    this.values = values
  }

  static from(pairs: Readonly<Record<string, string>> | Iterable<readonly [string, string]>): Labels {
    const entries = Symbol.iterator in pairs ? [...(pairs as Iterable<readonly [string, string]>)] : Object.entries(pairs)
    const sorted = entries.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return new Labels(
      sorted.map(([name]) => name),
      sorted.map(([, value]) => value),
    )
  }

  get size(): number {
    return this.names.length
  }

  /** The label's value, '' when absent. */
  get(name: string): string {
    const index = this.names.indexOf(name)
    return index < 0 ? '' : (this.values[index] as string)
  }

  /** A string that is equal exactly for equal sets (U+0000 cannot occur inside a label name). */
  get key(): string {
    // Joined, not added up: a rope of pieces would keep ten times the bytes of the text.
    this.#key ??= this.names.map((name, i) => `${name}\u0000${this.values[i]?.length}:${this.values[i]}`).join('')
    return this.#key
  }

  /** This set with one label set, or removed when `value` is ''. */
  with(name: string, value: string): Labels {
    const pairs: [string, string][] = []
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i] !== name) pairs.push([this.names[i] as string, this.values[i] as string])
    }
    if (value !== '') pairs.push([name, value])
    return Labels.from(pairs)
  }

  /** Only the given names (`on`, `by`). */
  pick(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name))
  }

  /** All but the given names (`ignoring`, `without`). */
  omit(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => !names.has(name))
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.names.map((name, i) => [name, this.values[i] as string]))
  }

  #filter(keep: (name: string) => boolean): Labels {
    const names: string[] = []
    const values: string[] = []
    for (let i = 0; i < this.names.length; i++) {
      if (!keep(this.names[i] as string)) continue
      names.push(this.names[i] as string)
      values.push(this.values[i] as string)
    }
    return new Labels(names, values)
  }
}
