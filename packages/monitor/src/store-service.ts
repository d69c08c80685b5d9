import { Labels, type Result } from '@signalbox/base'
import type { HeadStats, SampleColumns, ScrapeOutcome, TsdbStats } from '@signalbox/tsdb'
import type { BatchOutcome, DiskState, StoreStats } from './ports.ts'
import type { SampleBatch } from './worker-protocol.ts'

/** What ingestion needs of a store. Nothing here throws for what a disk does. */
export interface SampleSink {
  /** Undefined: the store is at its limit. */
  seriesRef(labels: Labels): number | undefined
  /** Columns may be overwritten once it returns. */
  appendScrape(samples: SampleColumns): ScrapeOutcome
  /** To be called every second or so; `nowMs` never decreases. */
  maintain(nowMs: number): void
  /** Of a store on disk: with its state. */
  stats(): HeadStats | TsdbStats
  /** After it everything appended is durable, or the failure says why not. */
  close(): Result<void, { readonly message: string }>
}

interface OpenSeries {
  readonly labels: Labels
  /** Undefined: the store is at its limit. */
  ref: number | undefined
}

interface Columns extends SampleColumns {
  readonly refs: Float64Array
  length: number
}

/** Batches of handles on one side, a store of references on the other. Knows nothing of threads and of queries. */
export class StoreService {
  readonly #sink: SampleSink
  /** By handle. */
  readonly #open: (OpenSeries | undefined)[] = []
  #columns = columnsOf(1024)
  /** For each row of the columns, its series. */
  readonly #rows: OpenSeries[] = []
  #seriesRefused = 0
  #kept = 0
  #outOfOrder = 0
  #duplicates = 0
  #syncedMs: number | undefined
  #oldestMs = Infinity
  #newestMs = -Infinity

  constructor(sink: SampleSink) {
    this.#sink = sink
  }

  /** All samples of the batch in one scrape; tells what became of them. */
  append(batch: SampleBatch): BatchOutcome {
    for (const { handle, names, values } of batch.opened) {
      const labels = new Labels(names, values)
      const ref = this.#sink.seriesRef(labels)
      if (ref === undefined) this.#seriesRefused += 1
      this.#open[handle] = { labels, ref }
    }
    const columns = this.#columnsOf(batch)
    const outcome = this.#sink.appendScrape(columns)
    const counts = { kept: outcome.kept, outOfOrder: outcome.outOfOrder, duplicates: outcome.duplicate, refused: 0 }
    if (outcome.unknown.length > 0) this.#appendAgain(outcome.unknown, counts)
    counts.refused = batch.handles.length - counts.kept - counts.outOfOrder - counts.duplicates
    for (const handle of batch.released) this.#open[handle] = undefined
    this.#kept += counts.kept
    this.#outOfOrder += counts.outOfOrder
    this.#duplicates += counts.duplicates
    if (counts.kept > 0) this.#noteTimes(columns)
    return counts
  }

  /** To be called every second or so: what the store has to do, then another try for series that were refused. */
  maintain(nowMs: number): void {
    const before = this.#sink.stats().series
    this.#sink.maintain(nowMs)
    const stats = this.#sink.stats()
    if ('disk' in stats && stats.disk === 'ok') this.#syncedMs = nowMs
    if (stats.series < before) this.#openRefused()
  }

  stats(): StoreStats {
    const stats = this.#sink.stats()
    return {
      samples: this.#kept,
      series: stats.series,
      bytes: stats.bytes,
      seriesRefused: this.#seriesRefused,
      samplesOutOfOrder: this.#outOfOrder,
      samplesDuplicate: this.#duplicates,
      oldestMs: this.#oldestMs,
      newestMs: this.#newestMs,
      disk: 'disk' in stats ? this.#diskState(stats) : undefined,
    }
  }

  close(): Result<void, { readonly message: string }> {
    return this.#sink.close()
  }

  /** Those that were refused count too: they are few, and near the others. */
  #noteTimes({ timestampsMs, length }: Columns): void {
    for (let i = 0; i < length; i++) {
      const timestampMs = timestampsMs[i] as number
      if (timestampMs < this.#oldestMs) this.#oldestMs = timestampMs
      if (timestampMs > this.#newestMs) this.#newestMs = timestampMs
    }
  }

  /** Truncation drops series without samples: a page with its own, old timestamps can leave an open one so. It is made anew. */
  #appendAgain(rows: readonly number[], counts: { kept: number; outOfOrder: number; duplicates: number }): void {
    const again = columnsOf(rows.length)
    for (const row of rows) {
      const series = this.#rows[row] as OpenSeries
      series.ref = this.#sink.seriesRef(series.labels)
      if (series.ref === undefined) continue
      push(again, series.ref, this.#columns.timestampsMs[row] as number, this.#columns.values[row] as number)
    }
    const outcome = this.#sink.appendScrape(again)
    counts.kept += outcome.kept
    counts.outOfOrder += outcome.outOfOrder
    counts.duplicates += outcome.duplicate
  }

  /** The samples of open series that the store has room for. */
  #columnsOf(batch: SampleBatch): Columns {
    const { handles } = batch
    if (this.#columns.refs.length < handles.length) this.#columns = columnsOf(2 * handles.length)
    const columns = this.#columns
    columns.length = 0
    for (let i = 0; i < handles.length; i++) {
      const series = this.#open[handles[i] as number]
      if (series?.ref === undefined) continue
      this.#rows[columns.length] = series
      push(columns, series.ref, batch.timestampsMs[i] as number, batch.values[i] as number)
    }
    return columns
  }

  #openRefused(): void {
    for (const series of this.#open) if (series !== undefined && series.ref === undefined) series.ref = this.#sink.seriesRef(series.labels)
  }

  #diskState(stats: TsdbStats): DiskState {
    return {
      state: stats.disk,
      error: stats.diskError,
      failures: stats.diskFailures,
      bytes: stats.blockBytes + stats.logBytes + stats.snapshotBytes,
      syncedMs: this.#syncedMs,
      damage: stats.damage.map(({ file, offset, code }) => `${file}: ${code} at byte ${offset}`),
      orphans: stats.orphans,
      damagedChunks: stats.damagedChunks,
    }
  }
}

function columnsOf(length: number): Columns {
  return { refs: new Float64Array(length), timestampsMs: new Float64Array(length), values: new Float64Array(length), length: 0 }
}

function push(columns: Columns, ref: number, timestampMs: number, value: number): void {
  columns.refs[columns.length] = ref
  columns.timestampsMs[columns.length] = timestampMs
  columns.values[columns.length++] = value
}
