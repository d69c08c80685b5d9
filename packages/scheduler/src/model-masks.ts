/** Names one endpoint may list; a longer list is cut, so that a page cannot fill the memory. */
const NAMES_MAX = 4096
const NAME_CHARS_MAX = 256
const SLOTS_INITIAL = 64

/**
 * Who has which name: for each name a byte a slot, so that a decision looks a name up once and then reads
 * one byte an endpoint. Written on a poll, and only when the list changed.
 */
export class ModelMasks {
  readonly #masks = new Map<string, { holders: number; bySlot: Uint8Array }>()
  readonly #names: (readonly string[] | undefined)[] = []

  /** Undefined: no slot has the name. The array may be shorter than the slots; what is beyond counts as 0. */
  mask(name: string): Uint8Array | undefined {
    return this.#masks.get(name)?.bySlot
  }

  names(slot: number): readonly string[] {
    return this.#names[slot] ?? []
  }

  /** Replaces the slot's names. */
  set(slot: number, names: readonly string[]): void {
    const before = this.names(slot)
    if (before.length === names.length && before.every((name, at) => name === names[at])) return
    for (const name of before) this.#drop(name, slot)
    const kept = [...new Set(names)].filter((name) => name.length <= NAME_CHARS_MAX).slice(0, NAMES_MAX)
    for (const name of kept) this.#hold(name, slot)
    this.#names[slot] = kept
  }

  #hold(name: string, slot: number): void {
    const entry = this.#masks.get(name) ?? { holders: 0, bySlot: new Uint8Array(SLOTS_INITIAL) }
    while (entry.bySlot.length <= slot) {
      const longer = new Uint8Array(entry.bySlot.length * 2)
      longer.set(entry.bySlot)
      entry.bySlot = longer
    }
    entry.bySlot[slot] = 1
    entry.holders += 1
    this.#masks.set(name, entry)
  }

  #drop(name: string, slot: number): void {
    const entry = this.#masks.get(name)
    if (entry === undefined) return
    entry.bySlot[slot] = 0
    entry.holders -= 1
    if (entry.holders === 0) this.#masks.delete(name)
  }
}
