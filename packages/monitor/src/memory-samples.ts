import { type Labels, ok, type Result } from '@signalbox/base'
import { Head, type HeadStats, type Matcher, type SampleColumns, type ScrapeOutcome, type SeriesColumns } from '@signalbox/tsdb'
import type { SeriesSource } from './query-service.ts'
import type { SampleSink } from './store-service.ts'

export interface MemoryLimits {
  readonly seriesMax: number
  readonly retentionMs: number
  /** Of samples, labels and index; beyond it the oldest samples go. */
  readonly bytesMax: number
  /** Samples so much older than their series' newest are still taken. */
  readonly outOfOrderMs: number
}

const TRUNCATE_EVERY_MS = 60_000

/** Samples that end with the process. */
export class MemorySamples implements SampleSink, SeriesSource {
  readonly #head: Head
  readonly #limits: MemoryLimits
  #truncatedMs = -Infinity

  constructor(limits: MemoryLimits) {
    this.#limits = limits
    this.#head = new Head({ seriesMax: limits.seriesMax, retentionMs: limits.retentionMs, lateMs: limits.outOfOrderMs })
  }

  seriesRef(labels: Labels): number | undefined {
    return this.#head.seriesRef(labels)
  }

  appendScrape({ refs, timestampsMs, values, length }: SampleColumns): ScrapeOutcome {
    let kept = 0
    let outOfOrder = 0
    let duplicate = 0
    const unknown: number[] = []
    for (let i = 0; i < length; i++) {
      const outcome = this.#head.append(refs[i] as number, timestampsMs[i] as number, values[i] as number)
      if (outcome === 'ok') kept += 1
      else if (outcome === 'out-of-order') outOfOrder += 1
      else if (outcome === 'duplicate') duplicate += 1
      else unknown.push(i)
    }
    return { kept, outOfOrder, duplicate, unknown }
  }

  maintain(nowMs: number): void {
    if (nowMs - this.#truncatedMs >= TRUNCATE_EVERY_MS) {
      this.#truncatedMs = nowMs
      this.#head.truncate(nowMs - this.#limits.retentionMs)
    }
    while (this.#head.stats().bytes > this.#limits.bytesMax) {
      const oldestMs = this.#head.oldestMs()
      if (oldestMs === Infinity) return
      this.#head.truncate(oldestMs + Math.max(1, (this.#head.newestMs - oldestMs) / 4))
    }
  }

  stats(): HeadStats {
    return this.#head.stats()
  }

  close(): Result<void, never> {
    return ok(undefined)
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    return this.#head.select(matchers, startMs, endMs)
  }

  series(...range: Parameters<Head['series']>): ReturnType<Head['series']> {
    return this.#head.series(...range)
  }

  labelNames(...range: Parameters<Head['labelNames']>): readonly string[] {
    return this.#head.labelNames(...range)
  }

  labelValues(...range: Parameters<Head['labelValues']>): readonly string[] {
    return this.#head.labelValues(...range)
  }
}
