/**
 * Text taken out of a file, with the offset in the file of each of its characters: escapes, indentation and folded lines lie between.
 * Invariant: offsets never decrease, and there is one more of them than characters (the end).
 */
export class MappedText {
  readonly text: string
  readonly #offsets: ArrayLike<number> | undefined

  /** Without offsets the text is the file itself, from its start. */
  constructor(text: string, offsets?: ArrayLike<number>) {
    this.text = text
    this.#offsets = offsets
  }

  /** The offset in the file of the character at `index`, 0 to the length inclusive. */
  at(index: number): number {
    const inside = Math.max(0, Math.min(index, this.text.length))
    return this.#offsets === undefined ? inside : (this.#offsets[inside] ?? 0)
  }

  /** `text`, whose characters stand at `indices` of this text, as a text of the same file. */
  derive(text: string, indices: ArrayLike<number>): MappedText {
    const offsets = new Uint32Array(text.length + 1)
    for (let i = 0; i <= text.length; i++) offsets[i] = this.at(indices[i] ?? 0)
    return new MappedText(text, offsets)
  }
}

/** 1-based line and column of an offset. */
export interface LineColumn {
  readonly line: number
  readonly column: number
}

/** Finds lines in one text; `of` takes the logarithm of the number of lines. */
export class LineIndex {
  readonly #starts: number[] = [0]

  constructor(text: string) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#starts.push(i + 1)
  }

  of(offset: number): LineColumn {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 }
  }
}
