import { ok, type Result } from '@signalbox/base'
import { Block } from './block/block.ts'
import { blockName, type TimeRange } from './block/block-format.ts'
import type { BlockSet } from './block/block-set.ts'
import { BlockWriter } from './block/block-writer.ts'
import { cutBlock } from './block/cut-block.ts'
import { mergeBlocks } from './block/merge-blocks.ts'
import type { Head } from './head.ts'
import { numbersOf } from './log/recovery.ts'
import { snapshotName, writeSnapshot } from './log/snapshot.ts'
import { segmentName, type WriteAheadLog } from './log/write-ahead-log.ts'
import type { Disk, DiskError } from './ports.ts'

const BLOCK_MS = 2 * 3_600_000
const DAY_MS = 86_400_000
/** After the end of a block's range, samples of it may still come so long at least: scrapes under way, and clocks that differ. */
const CUT_AFTER_MS_MIN = 5 * 60_000
/** Log beyond which a snapshot is taken: it bounds the time of a start. */
const LOG_BYTES_MAX = 64 * 1024 * 1024
/** Segments left by starts beyond which a snapshot is taken. */
const SEGMENTS_MAX = 8
const BLOCK_TEMPORARY = 'block.tmp'
const SNAPSHOT_TEMPORARY = 'snapshot.tmp'
/** Between attempts while the disk takes nothing. */
const RETRY_MS = 10_000

interface Parts {
  readonly disk: Disk
  readonly head: Head
  readonly log: WriteAheadLog
  readonly blocks: BlockSet
}

interface Limits {
  readonly retentionMs: number
  readonly bytesMax: number
  readonly outOfOrderMs: number
  readonly memoryBytesMax: number
}

/** What was in the folder before. */
interface Found {
  readonly segments: readonly number[]
  /** The newest. */
  readonly snapshot: number | undefined
  readonly isDamaged: boolean
}

type Job = Generator<undefined, Result<void, DiskError>, undefined>

/**
 * What keeps a store in shape: at most one job at a time (a block is cut, a day is merged, a snapshot is taken), one step of it a call. Only
 * between jobs is anything truncated or removed.
 */
export class Maintenance {
  readonly #disk: Disk
  readonly #head: Head
  readonly #log: WriteAheadLog
  readonly #blocks: BlockSet
  readonly #limits: Limits
  #job: Job | undefined
  /** Where the next block begins; undefined: to be found. */
  #cutFromMs: number | undefined
  #wantsSnapshot = false
  /** Segments of former processes since the last snapshot. */
  #formerLogBytes = 0
  /** What the log had written when the last snapshot began. */
  #writtenBefore = 0
  #snapshotBytes = 0
  #isMemoryOnly = false
  #retryAtMs = -Infinity
  #diskError = ''
  #diskFailures = 0

  constructor({ disk, head, log, blocks }: Parts, limits: Limits) {
    this.#disk = disk
    this.#head = head
    this.#log = log
    this.#blocks = blocks
    this.#limits = limits
  }

  /** Begins the log. `segments` and perhaps a snapshot are there already. */
  start({ segments, snapshot, isDamaged }: Found): void {
    if (snapshot !== undefined) this.#snapshotBytes = this.#sizeOf(snapshotName(snapshot))
    this.#formerLogBytes = segments.reduce((sum, number) => sum + this.#sizeOf(segmentName(number)), 0)
    this.#wantsSnapshot = isDamaged || segments.length > SEGMENTS_MAX
    // A process that was killed may have left more than a second's samples to the system.
    for (const number of segments) if (!this.#disk.sync(segmentName(number)).ok) this.#wantsSnapshot = true
    const begun = this.#log.begin()
    if (!begun.ok) this.diskFailed(begun.error)
  }

  /** From now on the store is in memory only, until a snapshot of all it holds succeeds. */
  diskFailed(error: DiskError): void {
    this.#isMemoryOnly = true
    this.#diskError = error.message
    this.#diskFailures += 1
  }

  run(nowMs: number): void {
    const synced = this.#log.sync()
    if (!synced.ok) this.diskFailed(synced.error)
    if (this.#job === undefined) {
      if (this.#isMemoryOnly) this.#boundMemory()
      this.#retain(nowMs)
      this.#job = this.#nextJob(nowMs)
    }
    const step = this.#job?.next()
    if (step?.done !== true) return
    this.#job = undefined
    if (step.value.ok) return
    this.diskFailed(step.value.error)
    for (const name of [BLOCK_TEMPORARY, SNAPSHOT_TEMPORARY]) this.#disk.remove(name)
    this.#retryAtMs = nowMs + RETRY_MS
  }

  stats(): {
    blocks: number
    blockBytes: number
    logBytes: number
    snapshotBytes: number
    disk: 'ok' | 'memory-only'
    diskError: string
    diskFailures: number
  } {
    return {
      blocks: this.#blocks.all.length,
      blockBytes: this.#blocks.bytes,
      logBytes: this.#logBytes,
      snapshotBytes: this.#snapshotBytes,
      disk: this.#isMemoryOnly ? 'memory-only' : 'ok',
      diskError: this.#diskError,
      diskFailures: this.#diskFailures,
    }
  }

  get #logBytes(): number {
    return this.#formerLogBytes + this.#log.writtenBytes - this.#writtenBefore
  }

  #nextJob(nowMs: number): Job | undefined {
    if (this.#isMemoryOnly) return nowMs >= this.#retryAtMs ? this.#takeSnapshot() : undefined
    if (nowMs < this.#retryAtMs) return undefined
    const range = this.#rangeToCut(nowMs)
    if (range !== undefined) return this.#cut(range)
    if (this.#wantsSnapshot || this.#logBytes > LOG_BYTES_MAX) return this.#takeSnapshot()
    const day = this.#blocks.partsOfDay(DAY_MS, this.#blocks.endMs)
    return day === undefined ? undefined : this.#merge(day.range, day.blocks)
  }

  #rangeToCut(nowMs: number): TimeRange | undefined {
    if (this.#cutFromMs === undefined) {
      const oldestMs = this.#head.oldestMs()
      if (oldestMs === Infinity) return undefined
      this.#cutFromMs = Math.floor(oldestMs / BLOCK_MS) * BLOCK_MS
    }
    const range = { startMs: this.#cutFromMs, endMs: this.#cutFromMs + BLOCK_MS }
    if (nowMs < range.endMs + Math.max(CUT_AFTER_MS_MIN, this.#limits.outOfOrderMs)) return undefined
    // Samples that came late may be older than what was the oldest then.
    const startMs = Math.min(range.startMs, Math.floor(this.#head.oldestMs() / BLOCK_MS) * BLOCK_MS)
    this.#cutFromMs = startMs
    return { startMs, endMs: startMs + BLOCK_MS }
  }

  *#cut(range: TimeRange): Job {
    const created = this.#disk.create(BLOCK_TEMPORARY)
    if (!created.ok) return created
    const writer = new BlockWriter(created.value)
    // A series that was written already must not get another sample of this range.
    this.#head.acceptFrom(range.endMs)
    yield* cutBlock(this.#head, writer, range)
    if (writer.isEmpty) writer.abandon()
    else {
      const placed = this.#place(writer, range)
      if (!placed.ok) return placed
    }
    this.#head.truncate(range.endMs)
    this.#cutFromMs = undefined
    this.#wantsSnapshot = true
    return ok(undefined)
  }

  *#merge(range: TimeRange, blocks: readonly Block[]): Job {
    const created = this.#disk.create(BLOCK_TEMPORARY)
    if (!created.ok) return created
    const writer = new BlockWriter(created.value)
    yield* mergeBlocks(blocks, writer)
    return this.#place(writer, range)
  }

  /** Once the block is durable under its name, those that it replaces go. */
  #place(writer: BlockWriter, range: TimeRange): Result<void, DiskError> {
    const name = blockName(range)
    const finished = writer.finish()
    if (!finished.ok) return finished
    const renamed = this.#disk.rename(BLOCK_TEMPORARY, name)
    if (!renamed.ok) return renamed
    const named = this.#disk.syncFolder()
    if (!named.ok) return named
    const block = Block.open(this.#disk, name)
    if (!block.ok) return { ok: false, error: { code: 'io', message: `${name} does not read back (${block.error.code})` } }
    this.#blocks.add(block.value)
    return ok(undefined)
  }

  *#takeSnapshot(): Job {
    const writtenBefore = this.#log.writtenBytes
    const begun = this.#log.begin()
    if (!begun.ok) return begun
    const number = this.#log.number
    const created = this.#disk.create(SNAPSHOT_TEMPORARY)
    if (!created.ok) return created
    const written = yield* writeSnapshot(this.#head, created.value, number)
    if (!written.ok) return written
    // The log that goes on where the snapshot began must be whole, or what came meanwhile would be lost.
    if (!this.#log.isOpen) return { ok: false, error: { code: 'io', message: `the log failed during a snapshot: ${this.#diskError}` } }
    const renamed = this.#disk.rename(SNAPSHOT_TEMPORARY, snapshotName(number))
    if (!renamed.ok) return renamed
    const named = this.#disk.syncFolder()
    if (!named.ok) return named
    this.#isMemoryOnly = false
    this.#wantsSnapshot = false
    this.#snapshotBytes = this.#sizeOf(snapshotName(number))
    this.#formerLogBytes = 0
    this.#writtenBefore = writtenBefore
    this.#removeBefore(number)
    return ok(undefined)
  }

  #removeBefore(number: number): void {
    const names = this.#disk.list()
    if (!names.ok) return
    for (const older of numbersOf(names.value, '.wal')) if (older < number) this.#disk.remove(segmentName(older))
    for (const older of numbersOf(names.value, '.snapshot')) if (older < number) this.#disk.remove(snapshotName(older))
  }

  #retain(nowMs: number): void {
    this.#blocks.removeDamaged(nowMs - this.#limits.retentionMs)
    const oldest = (): Block | undefined => this.#blocks.all[0]
    while ((oldest()?.range.endMs ?? Infinity) <= nowMs - this.#limits.retentionMs) this.#blocks.removeOldest()
    while (this.#blocks.all.length > 0 && this.#blocks.bytes + this.#logBytes + this.#snapshotBytes > this.#limits.bytesMax)
      this.#blocks.removeOldest()
  }

  /** Drops the oldest quarter of the head's time until it fits. */
  #boundMemory(): void {
    while (this.#head.stats().bytes > this.#limits.memoryBytesMax) {
      const oldestMs = this.#head.oldestMs()
      if (oldestMs === Infinity) return
      this.#head.truncate(oldestMs + Math.max(1, (this.#head.newestMs - oldestMs) / 4))
      this.#cutFromMs = undefined
    }
  }

  #sizeOf(name: string): number {
    const size = this.#disk.size(name)
    return size.ok ? size.value : 0
  }
}
