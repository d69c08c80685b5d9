import { assert, type Labels } from '@signalbox/base'
import { type IndexCounts, indexLayout } from './block-format.ts'

/** A pair of label name and value, and the series that have it. */
interface Pair {
  readonly name: string
  readonly value: string
  readonly series: number[]
  number: number
}

/** One column of timestamps: what its row says. */
export interface ColumnRow {
  readonly firstMs: number
  readonly lastMs: number
  readonly offset: number
  readonly length: number
  readonly samples: number
  readonly crc: number
}

/** Gathers what the index of a block says, in the order of its series, and lays it out. */
export class IndexBuilder {
  readonly #pairs = new Map<string, Map<string, Pair>>()
  readonly #series: Pair[][] = []
  readonly #firstChunks: number[] = []
  readonly #columns: ColumnRow[] = []
  #postings = 0

  /** A series with the next number; its chunks are those from `firstChunk` on. */
  addSeries(labels: Labels, firstChunk: number): void {
    const number = this.#series.length
    const pairs = new Array<Pair>(labels.size)
    for (let i = 0; i < labels.size; i++) {
      const pair = this.#pair(labels.names[i] as string, labels.values[i] as string)
      pair.series.push(number)
      pairs[i] = pair
    }
    this.#series.push(pairs)
    this.#firstChunks.push(firstChunk)
    this.#postings += labels.size
  }

  addColumn(row: ColumnRow): number {
    return this.#columns.push(row) - 1
  }

  columnAt(column: number): ColumnRow {
    const row = this.#columns[column]
    assert(row !== undefined, 'a column that was added')
    return row
  }

  build(chunks: number): { readonly bytes: Uint8Array; readonly counts: IndexCounts } {
    const pairs = [...this.#pairs.values()].flatMap((values) => [...values.values()])
    const symbols = [...new Set(pairs.flatMap(({ name, value }) => [name, value]))].sort()
    const symbolOf = new Map(symbols.map((symbol, i) => [symbol, i]))
    const text = new TextEncoder().encode(symbols.join(''))
    const byPair = (a: Pair, b: Pair): number => (a.name !== b.name ? (a.name < b.name ? -1 : 1) : a.value < b.value ? -1 : 1)
    pairs.sort(byPair).forEach((pair, number) => {
      pair.number = number
    })
    const counts: IndexCounts = {
      symbols: symbols.length,
      symbolBytes: text.length,
      pairs: pairs.length,
      postings: this.#postings,
      series: this.#series.length,
      columns: this.#columns.length,
    }
    const layout = indexLayout(counts)
    const bytes = new Uint8Array(layout.end)
    const words = (at: number, length: number): Uint32Array => new Uint32Array(bytes.buffer, at, length)
    const encoder = new TextEncoder()
    const symbolOffsets = words(layout.symbolOffsets, counts.symbols + 1)
    symbols.forEach((symbol, i) => {
      symbolOffsets[i + 1] = (symbolOffsets[i] as number) + encoder.encode(symbol).length
    })
    bytes.set(text, layout.symbolText)
    this.#layPairs(pairs, symbolOf, words(layout.pairs, 3 * counts.pairs), words(layout.postings, counts.postings))
    this.#laySeries(words(layout.series, counts.series + 1), words(layout.labels, counts.postings))
    words(layout.chunksOf, counts.series + 1).set([...this.#firstChunks, chunks])
    this.#layColumns(new DataView(bytes.buffer, layout.columns))
    return { bytes, counts }
  }

  #pair(name: string, value: string): Pair {
    let values = this.#pairs.get(name)
    if (values === undefined) {
      values = new Map()
      this.#pairs.set(name, values)
    }
    let pair = values.get(value)
    if (pair === undefined) {
      pair = { name, value, series: [], number: 0 }
      values.set(value, pair)
    }
    return pair
  }

  #layPairs(pairs: readonly Pair[], symbolOf: ReadonlyMap<string, number>, rows: Uint32Array, postings: Uint32Array): void {
    let at = 0
    pairs.forEach(({ name, value, series }, i) => {
      rows[3 * i] = symbolOf.get(name) as number
      rows[3 * i + 1] = symbolOf.get(value) as number
      rows[3 * i + 2] = at
      postings.set(series, at)
      at += series.length
    })
  }

  #laySeries(starts: Uint32Array, labels: Uint32Array): void {
    let at = 0
    this.#series.forEach((pairs, i) => {
      for (const { number } of pairs) labels[at++] = number
      starts[i + 1] = at
    })
  }

  #layColumns(view: DataView): void {
    this.#columns.forEach(({ firstMs, lastMs, offset, length, samples, crc }, i) => {
      const at = i * 40
      view.setFloat64(at, firstMs, true)
      view.setFloat64(at + 8, lastMs, true)
      view.setFloat64(at + 16, offset, true)
      view.setUint32(at + 24, length, true)
      view.setUint32(at + 28, samples, true)
      view.setUint32(at + 32, crc, true)
    })
  }
}
