import type { Labels } from '@signalbox/base'

// The layout of a block: docs/formats/block.md draws it.

export const BLOCK_MAGIC = 'SBBLOCK\u0001'
export const FOOTER_BYTES = 64
/** One row of the table of columns: first f64, last f64, offset f64, length u32, samples u32, crc u32, 0 u32. */
export const COLUMN_BYTES = 40
/** One row of the chunk table: offset u32 low, u32 high, length u32, crc u32, column u32. */
export const CHUNK_BYTES = 20
/** A larger index is none of ours: 200,000 series of 30 labels take 60 MB. */
export const INDEX_BYTES_MAX = 1024 * 1024 * 1024

/** `startMs` inclusive, `endMs` exclusive. */
export interface TimeRange {
  readonly startMs: number
  readonly endMs: number
}

export function blockName({ startMs, endMs }: TimeRange): string {
  return `${startMs}-${endMs}.block`
}

/** Undefined: the name is no block's. */
export function blockRange(name: string): TimeRange | undefined {
  const match = /^(-?\d{1,16})-(-?\d{1,16})\.block$/.exec(name)
  if (match === null) return undefined
  const range = { startMs: Number(match[1]), endMs: Number(match[2]) }
  return range.startMs < range.endMs ? range : undefined
}

/** The order of series in a block. */
export function compareLabels(a: Labels, b: Labels): number {
  const size = Math.min(a.size, b.size)
  for (let i = 0; i < size; i++) {
    if (a.names[i] !== b.names[i]) return (a.names[i] as string) < (b.names[i] as string) ? -1 : 1
    if (a.values[i] !== b.values[i]) return (a.values[i] as string) < (b.values[i] as string) ? -1 : 1
  }
  return a.size - b.size
}

/** Where the parts of an index begin, in bytes from its start, each at a multiple of 8. */
export interface IndexLayout {
  readonly symbolOffsets: number
  readonly symbolText: number
  readonly pairs: number
  readonly postings: number
  readonly series: number
  readonly labels: number
  readonly chunksOf: number
  readonly columns: number
  readonly end: number
}

export interface IndexCounts {
  readonly symbols: number
  readonly symbolBytes: number
  readonly pairs: number
  /** Of all pairs, and so also labels of all series. */
  readonly postings: number
  readonly series: number
  readonly columns: number
}

export function indexLayout(counts: IndexCounts): IndexLayout {
  let at = 0
  const part = (bytes: number): number => {
    const start = at
    at += Math.ceil(bytes / 8) * 8
    return start
  }
  return {
    symbolOffsets: part(4 * (counts.symbols + 1)),
    symbolText: part(counts.symbolBytes),
    pairs: part(12 * counts.pairs),
    postings: part(4 * counts.postings),
    series: part(4 * (counts.series + 1)),
    labels: part(4 * counts.postings),
    chunksOf: part(4 * (counts.series + 1)),
    columns: part(COLUMN_BYTES * counts.columns),
    end: at,
  }
}
