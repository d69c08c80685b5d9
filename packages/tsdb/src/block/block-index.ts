import { Labels } from '@signalbox/base'
import type { Matcher } from '../types.ts'
import { COLUMN_BYTES, type IndexCounts, indexLayout } from './block-format.ts'
import type { ColumnRow } from './index-builder.ts'

const decoder = new TextDecoder('utf-8')
const byName = { name: 0, value: 1, first: 2 } as const

/** A superset of what is selected, and the matcher that all of it satisfies. */
interface Candidates {
  readonly series: Uint32Array
  readonly matcher: Matcher | undefined
}

/**
 * The index of a block as it stands in the file: typed arrays over its bytes, nothing unpacked but the symbols that were asked for.
 * About 72 bytes a series of 8 labels.
 */
export class BlockIndex {
  readonly #counts: IndexCounts
  readonly #bytes: Uint8Array
  readonly #symbolOffsets: Uint32Array
  readonly #symbolText: Uint8Array
  readonly #pairs: Uint32Array
  readonly #postings: Uint32Array
  readonly #series: Uint32Array
  readonly #labels: Uint32Array
  readonly #chunksOf: Uint32Array
  readonly #columns: DataView
  readonly #symbols: (string | undefined)[]

  private constructor(bytes: Uint8Array, counts: IndexCounts) {
    const layout = indexLayout(counts)
    const words = (at: number, length: number): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset + at, length)
    this.#counts = counts
    this.#bytes = bytes
    this.#symbolOffsets = words(layout.symbolOffsets, counts.symbols + 1)
    this.#symbolText = bytes.subarray(layout.symbolText, layout.symbolText + counts.symbolBytes)
    this.#pairs = words(layout.pairs, 3 * counts.pairs)
    this.#postings = words(layout.postings, counts.postings)
    this.#series = words(layout.series, counts.series + 1)
    this.#labels = words(layout.labels, counts.postings)
    this.#chunksOf = words(layout.chunksOf, counts.series + 1)
    this.#columns = new DataView(bytes.buffer, bytes.byteOffset + layout.columns)
    this.#symbols = new Array<string | undefined>(counts.symbols)
  }

  /** `bytes` are as long as the layout of `counts`. Undefined: they contradict themselves. */
  static of(bytes: Uint8Array, counts: IndexCounts, chunks: number): BlockIndex | undefined {
    // Typed arrays need their place at a multiple of their size.
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
    const index = new BlockIndex(aligned, counts)
    return index.#isSound(chunks) ? index : undefined
  }

  get bytes(): number {
    return this.#bytes.length
  }

  get seriesCount(): number {
    return this.#counts.series
  }

  /** Chunks `[from, to)` of a series. */
  chunksOf(series: number): { readonly from: number; readonly to: number } {
    return { from: this.#chunksOf[series] as number, to: this.#chunksOf[series + 1] as number }
  }

  /** Undefined: there is no such column. */
  column(column: number): ColumnRow | undefined {
    if (column >= this.#counts.columns) return undefined
    const at = column * COLUMN_BYTES
    return {
      firstMs: this.#columns.getFloat64(at, true),
      lastMs: this.#columns.getFloat64(at + 8, true),
      offset: this.#columns.getFloat64(at + 16, true),
      length: this.#columns.getUint32(at + 24, true),
      samples: this.#columns.getUint32(at + 28, true),
      crc: this.#columns.getUint32(at + 32, true),
    }
  }

  labelsOf(series: number): Labels {
    const from = this.#series[series] as number
    const size = (this.#series[series + 1] as number) - from
    const names = new Array<string>(size)
    const values = new Array<string>(size)
    for (let i = 0; i < size; i++) {
      const pair = this.#labels[from + i] as number
      names[i] = this.#symbol(this.#pairs[3 * pair + byName.name] as number)
      values[i] = this.#symbol(this.#pairs[3 * pair + byName.value] as number)
    }
    return new Labels(names, values)
  }

  /** The series that satisfy all matchers, ascending. As `LabelIndex.select` does it. */
  select(matchers: readonly Matcher[]): Uint32Array {
    let best: Candidates | undefined
    for (const matcher of matchers) {
      if (matcher.operator !== '=' || matcher.value === '') continue
      const pair = this.#findPair(matcher.name, matcher.value)
      const series = pair < 0 ? this.#postings.subarray(0, 0) : this.#postingsOf(pair)
      if (best === undefined || series.length < best.series.length) best = { series, matcher }
    }
    const { series: candidates, matcher: satisfied } = best ?? this.#candidates(matchers)
    const tests = matchers.filter((matcher) => matcher !== satisfied).map((matcher) => this.#testOf(matcher))
    return tests.length === 0 ? candidates : candidates.filter((series) => tests.every((test) => test(series)))
  }

  #candidates(matchers: readonly Matcher[]): Candidates {
    const matcher = matchers.find((one) => !one.matches(''))
    if (matcher === undefined) return { series: Uint32Array.from({ length: this.#counts.series }, (_, i) => i), matcher }
    const { from, to } = this.#pairsOf(matcher.name)
    const lists: Uint32Array[] = []
    let length = 0
    for (let pair = from; pair < to; pair++) {
      if (!matcher.matches(this.#symbol(this.#pairs[3 * pair + byName.value] as number))) continue
      const list = this.#postingsOf(pair)
      lists.push(list)
      length += list.length
    }
    const series = new Uint32Array(length)
    let at = 0
    for (const list of lists) {
      series.set(list, at)
      at += list.length
    }
    return { series: series.sort(), matcher }
  }

  #testOf(matcher: Matcher): (series: number) => boolean {
    const { from, to } = this.#pairsOf(matcher.name)
    /** Per pair: 0 not yet known, 1 matches, 2 does not. */
    const known = new Uint8Array(to - from)
    const isAbsentMatch = matcher.matches('')
    return (series) => {
      const end = this.#series[series + 1] as number
      for (let at = this.#series[series] as number; at < end; at++) {
        const pair = this.#labels[at] as number
        if (pair < from || pair >= to) continue
        if (known[pair - from] === 0) known[pair - from] = matcher.matches(this.#symbol(this.#pairs[3 * pair + byName.value] as number)) ? 1 : 2
        return known[pair - from] === 1
      }
      return isAbsentMatch
    }
  }

  #postingsOf(pair: number): Uint32Array {
    const end = pair + 1 < this.#counts.pairs ? this.#pairs[3 * (pair + 1) + byName.first] : this.#counts.postings
    return this.#postings.subarray(this.#pairs[3 * pair + byName.first], end)
  }

  #symbol(number: number): string {
    let symbol = this.#symbols[number]
    if (symbol === undefined) {
      symbol = decoder.decode(this.#symbolText.subarray(this.#symbolOffsets[number], this.#symbolOffsets[number + 1]))
      this.#symbols[number] = symbol
    }
    return symbol
  }

  /** The pairs of a label name, `[from, to)`. */
  #pairsOf(name: string): { readonly from: number; readonly to: number } {
    return { from: this.#firstPair((one) => one < name), to: this.#firstPair((one) => one <= name) }
  }

  #firstPair(isBefore: (name: string) => boolean): number {
    let low = 0
    let high = this.#counts.pairs
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#symbol(this.#pairs[3 * middle + byName.name] as number))) low = middle + 1
      else high = middle
    }
    return low
  }

  /** -1: there is none. */
  #findPair(name: string, value: string): number {
    let { from: low, to: high } = this.#pairsOf(name)
    const end = high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#symbol(this.#pairs[3 * middle + byName.value] as number) < value) low = middle + 1
      else high = middle
    }
    return low < end && this.#symbol(this.#pairs[3 * low + byName.value] as number) === value ? low : -1
  }

  /** Every number points into what it is a number of, so that nothing later has to look. */
  #isSound(chunks: number): boolean {
    const { symbols, symbolBytes, pairs, postings, series } = this.#counts
    if (!ascends(this.#symbolOffsets, symbolBytes) || !ascends(this.#series, postings) || !ascends(this.#chunksOf, chunks)) return false
    for (let i = 0; i < pairs; i++) {
      const first = this.#pairs[3 * i + 2] as number
      const previous = i === 0 ? 0 : (this.#pairs[3 * i - 1] as number)
      if ((this.#pairs[3 * i] as number) >= symbols || (this.#pairs[3 * i + 1] as number) >= symbols || first > postings || first < previous)
        return false
    }
    return this.#postings.every((one) => one < series) && this.#labels.every((one) => one < pairs)
  }
}

function ascends(starts: Uint32Array, end: number): boolean {
  for (let i = 1; i < starts.length; i++) if ((starts[i] as number) < (starts[i - 1] as number)) return false
  return starts[0] === 0 && starts.at(-1) === end
}
