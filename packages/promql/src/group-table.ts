import type { Labels } from '@signalbox/base'
import type { Aggregate } from './ast.ts'

/** What is kept for each group of an aggregation, found by the labels of any of its series. */
export interface GroupTable<T> {
  get(labels: Labels): T | undefined
  set(labels: Labels, value: T): void
  /** The labels of a series' group: those listed, or all but those listed and the name. */
  labelsOf(labels: Labels): Labels
}

export function groupTable<T>(expr: Pick<Aggregate, 'grouping' | 'without'>): GroupTable<T> {
  return expr.without ? new TableWithout(expr.grouping) : new TableBy(expr.grouping)
}

interface Node<T> {
  readonly next: Map<string, Node<T>>
  value: T | undefined
}

/**
 * A step for each listed label, by its value. Most series join a group that exists, and the values of a store's labels are shared strings, so
 * that neither a key is put together nor its characters are read.
 */
class TableBy<T> implements GroupTable<T> {
  readonly #names: readonly string[]
  readonly #picked: ReadonlySet<string>
  readonly #root: Node<T> = { next: new Map(), value: undefined }

  constructor(names: readonly string[]) {
    this.#names = names
    this.#picked = new Set(names)
  }

  get(labels: Labels): T | undefined {
    let node: Node<T> | undefined = this.#root
    for (let i = 0; i < this.#names.length && node !== undefined; i++) node = node.next.get(labels.get(this.#names[i] as string))
    return node?.value
  }

  set(labels: Labels, value: T): void {
    let node = this.#root
    for (const name of this.#names) {
      const text = labels.get(name)
      let next = node.next.get(text)
      if (next === undefined) {
        next = { next: new Map(), value: undefined }
        node.next.set(text, next)
      }
      node = next
    }
    node.value = value
  }

  labelsOf(labels: Labels): Labels {
    return labels.pick(this.#picked)
  }
}

class TableWithout<T> implements GroupTable<T> {
  readonly #left: ReadonlySet<string>
  readonly #values = new Map<string, T>()

  constructor(names: readonly string[]) {
    this.#left = new Set([...names, '__name__'])
  }

  get(labels: Labels): T | undefined {
    return this.#values.get(this.labelsOf(labels).key)
  }

  set(labels: Labels, value: T): void {
    this.#values.set(this.labelsOf(labels).key, value)
  }

  labelsOf(labels: Labels): Labels {
    return labels.omit(this.#left)
  }
}
