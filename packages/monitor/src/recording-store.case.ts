import { failure, type Labels, ok, type Result } from '@signalbox/base'
import { isStale } from '@signalbox/promql'
import type { Appender, BatchOutcome, Store, StoreAnswer, StoreError, StoreStats } from './ports.ts'
import { emptyStats } from './worker-store.ts'

/** A store for tests that writes down each sample as `name{labels} value @ms`, stale markers as `stale`. */
export class RecordingStore implements Store {
  epoch = 1
  up = true
  /** What commit answers. */
  takes = true
  /** Samples of each commit. */
  readonly commits: string[][] = []
  readonly open = new Map<number, string>()
  #batch: string[] = []
  #released: number[] = []
  #next = 0

  readonly appender: Appender = {
    series: (labels) => {
      this.open.set(this.#next, text(labels))
      return this.#next++
    },
    append: (handle, timestampMs, value) => {
      this.#batch.push(`${this.open.get(handle) ?? 'unknown handle'} ${isStale(value) ? 'stale' : value} @${timestampMs}`)
    },
    release: (handle) => {
      this.#released.push(handle)
    },
    commit: () => {
      for (const handle of this.#released) if (!this.open.delete(handle)) throw new Error(`handle ${handle} was released twice`)
      if (this.takes) this.commits.push(this.#batch)
      this.#batch = []
      this.#released = []
      return this.takes
    },
    commitCounted: (): Promise<Result<BatchOutcome, StoreError>> => {
      const kept = this.#batch.length
      const taken = this.appender.commit()
      return Promise.resolve(
        taken ? ok({ kept, outOfOrder: 0, duplicates: 0, refused: 0 }) : failure({ code: 'unavailable', message: 'the store takes nothing' }),
      )
    },
  }

  /** Samples of the last commit whose name does not begin with `scrape_`. */
  last(): string[] {
    return (this.commits.at(-1) ?? []).filter((line) => !line.startsWith('scrape_'))
  }

  query(): Promise<Result<StoreAnswer, StoreError>> {
    return Promise.resolve(failure({ code: 'unavailable', message: 'this store only records' }))
  }

  stats(): StoreStats {
    return emptyStats
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function text(labels: Labels): string {
  const { __name__: name, ...rest } = labels.toRecord()
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${value}`)
  return `${name}{${pairs.join(',')}}`
}
