import { assert, Labels, type Random, type Result } from '@signalbox/base'
import type { SimulatedDisk } from './disk/simulated-disk.case.ts'
import type { DiskError } from './ports.ts'
import { Tsdb } from './tsdb.ts'

/** 'series at time' -> the value's bits. */
export type SampleMap = ReadonlyMap<string, bigint>

/** A day that is about to end, so that a life sees its blocks merged. */
const START_MS = 1_700_000_000_000

export function openStore(disk: SimulatedDisk): Tsdb {
  const opened = Tsdb.open(disk)
  assert(opened.ok, 'a store opens')
  return opened.value
}

/** All that a store answers. */
export function contentOf(store: Pick<Tsdb, 'select'>): Map<string, bigint> {
  const found = new Map<string, bigint>()
  for (const { labels, timestampsMs, values } of store.select([], -Infinity, Infinity)) {
    const bits = new BigUint64Array(values.slice().buffer)
    timestampsMs.forEach((timestampMs, i) => {
      assert(i === 0 || timestampMs > (timestampsMs[i - 1] as number), 'timestamps ascend')
      found.set(`${labels.get('i')} at ${timestampMs}`, bits[i] as bigint)
    })
  }
  return found
}

/** Scrapes random pages into a store and keeps book of what it promised. */
export class StoreDriver {
  /** Everything that was ever handed to the store. */
  readonly appended = new Map<string, bigint>()
  /** What a kill must leave. */
  written = new Map<string, bigint>()
  /** What a power cut must leave. */
  synced = new Map<string, bigint>()
  failures = 0
  readonly #random: Random
  #store: Tsdb | undefined
  #nowMs = START_MS
  /** Kept by the store while it was in memory only. */
  #unwritten = new Map<string, bigint>()
  /** Since the last sync. */
  #unsynced = new Map<string, bigint>()
  #values: number[] = []
  #seriesCount = 4

  constructor(random: Random) {
    this.#random = random
  }

  open(disk: SimulatedDisk): void {
    this.#store = openStore(disk)
  }

  /** A scrape, and mostly a second of maintenance. */
  step(): void {
    const store = this.#store
    assert(store !== undefined, 'open before step')
    const pause = this.#random.next()
    this.#nowMs += pause < 0.9 ? 15_000 : pause < 0.985 ? 600_000 : 3 * 3_600_000
    if (this.#random.next() < 0.05) this.#seriesCount += 1
    this.#scrape(store)
    for (let i = 0; i < 3 && this.#random.next() < 0.7; i++) {
      store.maintain(this.#nowMs)
      this.#book(store)
    }
    this.failures = store.stats().diskFailures
  }

  close(): Result<void, DiskError> {
    assert(this.#store !== undefined, 'open before close')
    return this.#store.close()
  }

  /** What a restart found is what there is from now on. */
  found(content: ReadonlyMap<string, bigint>, isDurable: boolean): void {
    this.written = new Map(content)
    this.#unwritten = new Map()
    // A start makes durable what a killed process left behind, but may itself have ended before it did.
    if (isDurable) this.synced = new Map(content)
    this.#unsynced = new Map(content)
  }

  #scrape(store: Tsdb): void {
    const refs: number[] = []
    const names: string[] = []
    for (let i = 0; i < this.#seriesCount; i++) {
      if (this.#random.next() < 0.1) continue
      const ref = store.seriesRef(Labels.from({ __name__: 'x', i: String(i), job: i % 2 === 0 ? 'a' : 'b' }))
      if (ref === undefined) continue
      refs.push(ref)
      names.push(String(i))
    }
    const timestampsMs = Float64Array.from(refs, () =>
      this.#random.next() < 0.05 ? this.#nowMs - Math.floor(this.#random.next() * 290_000) : this.#nowMs,
    )
    const values = Float64Array.from(names, (name) => this.#value(Number(name)))
    const bits = new BigUint64Array(values.buffer)
    const samples = refs.map((_, i) => [`${names[i]} at ${timestampsMs[i]}`, bits[i]] as const)
    // A sample that another value stands for already is refused, and must stay as it is.
    const fresh = samples.filter(([sample]) => !this.appended.has(sample) || this.appended.get(sample) === undefined)
    for (const [sample, value] of fresh) this.appended.set(sample, value as bigint)
    const kept = this.#kept(store, { refs, timestampsMs, values }, samples as readonly (readonly [string, bigint])[])
    const book = store.stats().disk === 'ok' ? this.written : this.#unwritten
    for (const [sample, value] of kept) {
      book.set(sample, value)
      if (book === this.written) this.#unsynced.set(sample, value)
    }
  }

  /** The samples that the store says it kept: appends one by one where it did not keep all. */
  #kept(
    store: Tsdb,
    { refs, timestampsMs, values }: { refs: number[]; timestampsMs: Float64Array; values: Float64Array },
    samples: readonly (readonly [string, bigint])[],
  ): readonly (readonly [string, bigint])[] {
    const outcome = store.appendScrape({ refs, timestampsMs, values, length: refs.length })
    if (outcome.kept === refs.length) return samples.filter(([sample, bits]) => this.appended.get(sample) === bits)
    return samples.filter(([sample, bits], i) => {
      const again = store.appendScrape({ refs: [refs[i] as number], timestampsMs: timestampsMs.slice(i), values: values.slice(i), length: 1 })
      return again.kept === 1 && this.appended.get(sample) === bits
    })
  }

  /** After `maintain`: a store that says 'ok' has everything on disk. */
  #book(store: Tsdb): void {
    if (store.stats().disk !== 'ok') return
    for (const [sample, bits] of this.#unwritten) {
      this.written.set(sample, bits)
      this.#unsynced.set(sample, bits)
    }
    this.#unwritten = new Map()
    for (const [sample, bits] of this.#unsynced) this.synced.set(sample, bits)
    this.#unsynced = new Map()
  }

  /** A counter, a constant, a gauge, stale markers. */
  #value(series: number): number {
    const before = this.#values[series] ?? 0
    const dice = this.#random.next()
    const value = series % 3 === 0 ? before + Math.floor(dice * 50) : series % 3 === 1 ? 7 : dice
    if (dice < 0.01) return new Float64Array(BigUint64Array.of(0x7ff8000000000002n).buffer)[0] as number
    this.#values[series] = value
    return value
  }
}
