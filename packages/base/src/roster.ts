import { assert } from './assert.ts'

/** What a `Roster` lists. The roster alone writes `rosterPlace`: the item's place in it, -1 outside. */
export interface Rostered {
  rosterPlace: number
}

/**
 * The objects that are under way, in no order: each knows its place, so that entering and leaving are a store.
 *
 *     items   [ c a f b ]        a leaves: the last takes its place     [ c b f ]
 *
 * For members that come and go by the thousand a second a `Set` is the wrong structure: it copies itself every few dozen
 * changes, each copy is reachable from the one before, and once one of them is old every later one survives the young
 * collections with all that it lists (measured: a quarter of all that the gateway allocated).
 */
export class Roster<T extends Rostered> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  /** A copy: what it lists may leave meanwhile. */
  list(): T[] {
    return this.#items.slice()
  }

  add(item: T): void {
    assert(item.rosterPlace === -1, 'the item is on a roster already')
    item.rosterPlace = this.#items.length
    this.#items.push(item)
  }

  /** Nothing happens when the item is not on it. */
  remove(item: T): void {
    const place = item.rosterPlace
    if (place === -1) return
    assert(this.#items[place] === item, 'the item is on this roster')
    item.rosterPlace = -1
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#items[place] = last
    last.rosterPlace = place
  }
}
