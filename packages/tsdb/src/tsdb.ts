import { assert, failure, type Labels, ok, type Result } from '@signalbox/base'
import { BlockSet } from './block/block-set.ts'
import { Feed } from './feed/feed.ts'
import type { ReaderPort } from './feed/feed-message.ts'
import { ReaderSet } from './feed/reader-set.ts'
import type { Head } from './head.ts'
import type { SampleColumns, SeriesRecord } from './log/records.ts'
import { type FileDamage, numbersOf, recoverHead } from './log/recovery.ts'
import { LABELS_LENGTH_MAX, WriteAheadLog } from './log/write-ahead-log.ts'
import { Maintenance } from './maintenance.ts'
import type { Disk, DiskError } from './ports.ts'
import { StoreView } from './store-view.ts'
import type { HeadStats, Matcher, SeriesColumns } from './types.ts'

export interface TsdbOptions {
  /** Series of the head beyond which new ones are refused; default 200,000. */
  readonly seriesMax?: number
  /** Blocks that ended longer ago are removed; default 15 days. */
  readonly retentionMs?: number
  /** Of all files; beyond it the oldest blocks are removed; default 10 GB. */
  readonly bytesMax?: number
  /** Samples so much older than their series' newest are still taken; at most an hour, default 5 minutes. */
  readonly outOfOrderMs?: number
  /** Of the head while the disk takes nothing; beyond it the oldest samples go; default 256 MiB. */
  readonly memoryBytesMax?: number
}

/** What became of the samples of a scrape. Their sum is what was given. */
export interface ScrapeOutcome {
  /** In the store, also when they were there before. */
  readonly kept: number
  /** Older than `outOfOrderMs` before their series' newest, or than the newest block. */
  readonly outOfOrder: number
  readonly duplicate: number
  /** Indexes of samples whose series the store dropped: ask `seriesRef` again. */
  readonly unknown: readonly number[]
}

export interface TsdbStats extends HeadStats {
  readonly blocks: number
  readonly blockBytes: number
  readonly logBytes: number
  readonly snapshotBytes: number
  /** 'memory-only': the disk takes nothing, and what is appended now ends with the process. */
  readonly disk: 'ok' | 'memory-only'
  /** Of the last failure of the disk, '' before the first. */
  readonly diskError: string
  readonly diskFailures: number
  /** What was found wrong when the store was opened. */
  readonly damage: readonly FileDamage[]
  /** Samples of the log whose series are unknown. */
  readonly orphans: number
  /** Chunks of blocks that could not be read, since the store was opened. */
  readonly damagedChunks: number
}

/** A block waits so long after its end: two hours of samples more in memory would be too many. */
const OUT_OF_ORDER_MS_MAX = 3_600_000

const DEFAULTS: Required<TsdbOptions> = {
  seriesMax: 200_000,
  retentionMs: 15 * 86_400_000,
  bytesMax: 10_000_000_000,
  // Prometheus' out_of_order_time_window, which is off there by default.
  outOfOrderMs: 5 * 60_000,
  memoryBytesMax: 256 * 1024 * 1024,
}

const NO_REFS: readonly number[] = []

/**
 * Samples on disk: a head in memory, a log that can bring it back, blocks of what is older.
 *
 *     appendScrape ──> Head ────── every 2 h ──────> Block, 2 h ── every day ──> Block, 1 day ── retention ──> gone
 *                 └──> log, one write a scrape       snapshot of the head, older log dropped
 *
 * What is promised after a crash stands in docs/formats/wal.md. Synchronous and without a clock: the owner calls `maintain` every second.
 * It never throws for what the disk does: a failing disk makes it 'memory-only' in `stats`, which the owner raises an alarm for.
 * Has the shape of the query language's `Queryable`.
 */
export class Tsdb {
  readonly #head: Head
  readonly #log: WriteAheadLog
  readonly #blocks: BlockSet
  readonly #maintenance: Maintenance
  readonly #view: StoreView
  readonly #feed: Feed
  readonly #damage: readonly FileDamage[]
  readonly #orphans: number
  /** Given out and not yet in the log. */
  #newSeries: SeriesRecord[] = []
  #refusedLabels = 0
  #kept: { refs: Float64Array; timestampsMs: Float64Array; values: Float64Array; length: number } = columnsOf(1024)

  private constructor(disk: Disk, names: readonly string[], options: Required<TsdbOptions>) {
    for (const name of names) if (name.endsWith('.tmp')) disk.remove(name)
    const damage: FileDamage[] = []
    const readers = new ReaderSet()
    this.#blocks = new BlockSet(disk, readers)
    this.#blocks.open(names, (file, { code }) => damage.push({ file, offset: 0, code }))
    const { seriesMax, retentionMs, outOfOrderMs } = options
    assert(outOfOrderMs >= 0 && outOfOrderMs <= OUT_OF_ORDER_MS_MAX, 'outOfOrderMs is 0 to an hour')
    const recovered = recoverHead(disk, names, { seriesMax, retentionMs, lateMs: outOfOrderMs, floorMs: this.#blocks.endMs, readership: readers })
    this.#head = recovered.head
    this.#view = new StoreView(this.#head.view, this.#blocks)
    this.#feed = new Feed({ readers, head: this.#head, blocks: this.#blocks })
    this.#damage = [...damage, ...recovered.damage]
    this.#orphans = recovered.orphans
    const segments = numbersOf(names, '.wal')
    const snapshot = numbersOf(names, '.snapshot').at(-1)
    const newest = Math.max(0, segments.at(-1) ?? 0, snapshot ?? 0)
    this.#log = new WriteAheadLog(disk, newest + 1)
    this.#maintenance = new Maintenance({ disk, head: this.#head, log: this.#log, blocks: this.#blocks }, options)
    this.#maintenance.start({ segments, snapshot, isDamaged: recovered.damage.length > 0 })
  }

  /** Opens the store that is in the folder, or an empty one. Fails only when the folder cannot be listed; damage is in `stats`. */
  static open(disk: Disk, options: TsdbOptions = {}): Result<Tsdb, DiskError> {
    const names = disk.list()
    return names.ok ? ok(new Tsdb(disk, names.value, { ...DEFAULTS, ...options })) : names
  }

  /** As `Head.seriesRef`; labels of more than 64 Ki characters are refused too. */
  seriesRef(labels: Labels): number | undefined {
    let length = 0
    for (let i = 0; i < labels.size; i++) length += (labels.names[i] as string).length + (labels.values[i] as string).length
    if (length > LABELS_LENGTH_MAX) {
      this.#refusedLabels += 1
      return undefined
    }
    const known = this.#head.index.find(labels)
    if (known !== undefined) return known
    const ref = this.#head.seriesRef(labels)
    if (ref !== undefined) this.#newSeries.push({ ref, labels })
    return ref
  }

  /**
   * Appends the samples of one scrape and returns when the system has them: one write. Best in the order of references. Columns may
   * be overwritten once it returns.
   */
  appendScrape(samples: SampleColumns): ScrapeOutcome {
    const kept = this.#room(samples.length)
    let outOfOrder = 0
    let duplicate = 0
    let unknown: number[] | undefined
    let isKept = 0
    for (let i = 0; i < samples.length; i++) {
      const ref = samples.refs[i] as number
      const outcome = this.#head.place(ref, samples.timestampsMs[i] as number, samples.values[i] as number)
      if (outcome === 'ok' || outcome === 'late') {
        kept.refs[kept.length] = ref
        kept.timestampsMs[kept.length] = samples.timestampsMs[i] as number
        kept.values[kept.length++] = samples.values[i] as number
        isKept += 1
      } else if (outcome === 'unchanged') isKept += 1
      else if (outcome === 'out-of-order') outOfOrder += 1
      else if (outcome === 'duplicate') duplicate += 1
      else {
        unknown ??= []
        unknown.push(i)
      }
    }
    this.#logScrape(kept)
    return { kept: isKept, outOfOrder, duplicate, unknown: unknown ?? NO_REFS }
  }

  /** To be called every second or so: syncs the log, then does one bounded step of what is due. `nowMs` never decreases. */
  maintain(nowMs: number): void {
    assert(Number.isFinite(nowMs), 'now is a time')
    this.#maintenance.run(nowMs)
  }

  /** As `Head.select`, blocks included. Good until `release`. Chunks that cannot be read are left out, and counted in `stats`. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    return this.#view.select(matchers, startMs, endMs)
  }

  /** As `HeadView.release`. */
  release(): void {
    this.#view.release()
  }

  /** As `Head.series`; of blocks, series with a chunk that overlaps the range. */
  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[] {
    return this.#view.series(selectors, startMs, endMs)
  }

  /** As `Head.labelNames`. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelNames(selectors, startMs, endMs)
  }

  /** As `Head.labelValues`. */
  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelValues(name, selectors, startMs, endMs)
  }

  /** A reader that follows from now on, once `feedReaders` has told it all there is. */
  addReader(port: ReaderPort): void {
    this.#feed.add(port)
  }

  /** It reads no more: what was kept for it goes. */
  removeReader(port: ReaderPort): void {
    this.#feed.remove(port)
  }

  /** One bounded step of telling newcomers what there is; answers whether there is more to tell. Not between a scrape and its `publish`. */
  feedReaders(): boolean {
    return this.#feed.step()
  }

  /**
   * Shows readers all that happened since the last call: to be called after each scrape and each `maintain`. They see all of it or nothing,
   * and `mark` with it. Without readers it costs nothing.
   */
  publish(mark: number): void {
    this.#feed.publish(mark)
  }

  stats(): TsdbStats {
    const head = this.#head.stats()
    return {
      ...head,
      refused: head.refused + this.#refusedLabels,
      ...this.#maintenance.stats(),
      damage: this.#damage,
      orphans: this.#orphans,
      damagedChunks: this.#blocks.damagedChunks,
    }
  }

  /** Syncs and ends. Everything appended is durable afterwards, unless this fails. */
  close(): Result<void, DiskError> {
    const closed = this.#log.close()
    const { disk, diskError } = this.#maintenance.stats()
    return disk === 'ok' ? closed : failure({ code: 'io', message: `what came since the disk failed is lost: ${diskError}` })
  }

  #logScrape(kept: SampleColumns): void {
    if (!this.#log.isOpen) {
      // A snapshot of the head brings them back; without a disk they end with the process.
      this.#newSeries = []
      return
    }
    if (kept.length === 0 && this.#newSeries.length === 0) return
    const written = this.#log.append(this.#newSeries, kept)
    this.#newSeries = []
    if (!written.ok) this.#maintenance.diskFailed(written.error)
  }

  #room(length: number): { refs: Float64Array; timestampsMs: Float64Array; values: Float64Array; length: number } {
    if (this.#kept.refs.length < length) this.#kept = columnsOf(2 * length)
    this.#kept.length = 0
    return this.#kept
  }
}

function columnsOf(length: number): { refs: Float64Array; timestampsMs: Float64Array; values: Float64Array; length: number } {
  return { refs: new Float64Array(length), timestampsMs: new Float64Array(length), values: new Float64Array(length), length: 0 }
}
