import { type Labels, ok, type Result } from '@signalbox/base'
import { FollowedHead, type Head, type HeadStats, type ReaderPort, type SampleColumns, type ScrapeOutcome } from '@signalbox/tsdb'
import type { FollowedSamples } from './open-samples.ts'

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
export class MemorySamples implements FollowedSamples {
  readonly #followed: FollowedHead
  readonly #head: Head
  readonly #limits: MemoryLimits
  #truncatedMs = -Infinity

  constructor(limits: MemoryLimits) {
    this.#limits = limits
    this.#followed = new FollowedHead({ seriesMax: limits.seriesMax, retentionMs: limits.retentionMs, lateMs: limits.outOfOrderMs })
    this.#head = this.#followed.head
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

  addReader(port: ReaderPort): void {
    this.#followed.addReader(port)
  }

  removeReader(port: ReaderPort): void {
    this.#followed.removeReader(port)
  }

  feedReaders(): boolean {
    return this.#followed.feedReaders()
  }

  publish(mark: number): void {
    this.#followed.publish(mark)
  }
}
