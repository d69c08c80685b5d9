import type { SharedBlock } from '../block/block.ts'
import type { BufferChange } from '../samples/chunk-memory.ts'

/** Labels of series, as a series frame of the log: part of what a newcomer is told before its first commit. */
interface SeriesMessage {
  readonly kind: 'series'
  readonly series: Uint8Array
}

/** Places of series, one in each column. */
export interface PlaceColumns {
  readonly refs: Int32Array
  readonly sealed: Int32Array
  readonly columns: Int32Array
  readonly rows: Int32Array
  readonly lengths: Uint8Array
}

/** Late samples: all that the series at `refs[i]` has now, `lengths[i]` of them. */
export interface LateColumns {
  readonly refs: Int32Array
  readonly lengths: Uint8Array
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
}

/**
 * What changed since the commit before. Applied in the order of the fields; each says how things are now, but for `advanced`, after which
 * `moved` has the last word.
 */
export interface CommitMessage {
  readonly kind: 'commit'
  /** The watermark: all publications up to this one. */
  readonly publication: number
  /** As the store's owner marked it. */
  readonly mark: number
  /** Series that are not among `moved` do not exist: the first commit of a reader. */
  readonly isWhole: boolean
  readonly buffers: readonly BufferChange[]
  readonly series: Uint8Array
  /** Runs of references whose open chunk has one sample more: first, count, first, count, ... */
  readonly advanced: Int32Array
  readonly moved: PlaceColumns
  readonly late: LateColumns
  readonly dead: Int32Array
  readonly floorMs: number
  /** Undefined: as before. */
  readonly blocks: readonly SharedBlock[] | undefined
}

/** Plain values, shared memory and typed arrays: to be cloned into another thread. They arrive whole, once, and in order. */
export type FeedMessage = SeriesMessage | CommitMessage

/** How a store reaches one reader. */
export interface ReaderPort {
  publish(message: FeedMessage): void
  /** Shared by both sides and zero at the start: what the reader has applied, and whether the store has given it up. Made by `readerProgress`. */
  readonly progress: Int32Array
}

const APPLIED = 0
const DROPPED = 1

export function readerProgress(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
}

/** The reader holds nothing of what was before this publication. */
export function markApplied(progress: Int32Array, publication: number): void {
  Atomics.store(progress, APPLIED, publication | 0)
}

/** The last publication that was applied; `published` is the last one there is, at most 2^31 later. */
export function appliedOf(progress: Int32Array, published: number): number {
  return published - ((published - Atomics.load(progress, APPLIED)) | 0)
}

export function markDropped(progress: Int32Array): void {
  Atomics.store(progress, DROPPED, 1)
}

export function isDropped(progress: Int32Array): boolean {
  return Atomics.load(progress, DROPPED) !== 0
}
