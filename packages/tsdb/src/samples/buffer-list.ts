import { assert } from '@signalbox/base'

/** Shared memory by index, seen as typed arrays. Whoever fills it tells a listener what came and went, so that others can follow. */
export class BufferList<T extends Float64Array | Uint8Array> {
  readonly #viewOf: (buffer: SharedArrayBuffer) => T
  #views: (T | undefined)[] = []
  #held = 0
  /** Hears of each change; undefined: the buffer at this index is gone. */
  onChange: ((index: number, buffer: SharedArrayBuffer | undefined) => void) | undefined

  constructor(viewOf: (buffer: SharedArrayBuffer) => T) {
    this.#viewOf = viewOf
  }

  /** Indexes in use and the gaps between them. */
  get length(): number {
    return this.#views.length
  }

  /** Buffers there are. */
  get held(): number {
    return this.#held
  }

  at(index: number): T {
    const view = this.#views[index]
    assert(view !== undefined, 'memory that was not released')
    return view
  }

  has(index: number): boolean {
    return this.#views[index] !== undefined
  }

  set(index: number, buffer: SharedArrayBuffer): void {
    while (this.#views.length < index) this.#views.push(undefined)
    if (this.#views[index] === undefined) this.#held += 1
    this.#views[index] = this.#viewOf(buffer)
    this.onChange?.(index, buffer)
  }

  drop(index: number): void {
    if (this.#views[index] === undefined) return
    this.#views[index] = undefined
    this.#held -= 1
    this.onChange?.(index, undefined)
    if (this.#held === 0) this.#views = []
  }

  clear(): void {
    for (let index = this.#views.length - 1; index >= 0; index--) this.drop(index)
  }

  *entries(): Generator<readonly [index: number, buffer: SharedArrayBuffer], void> {
    for (const [index, view] of this.#views.entries()) if (view !== undefined) yield [index, view.buffer as SharedArrayBuffer]
  }
}
