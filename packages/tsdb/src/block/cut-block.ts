import type { Labels } from '@signalbox/base'
import { COLUMN_LENGTH_MAX } from '../codec/value-codec.ts'
import type { Head } from '../head.ts'
import type { SampleWindow } from '../samples/chunk-reader.ts'
import { compareLabels, type TimeRange } from './block-format.ts'
import type { BlockWriter } from './block-writer.ts'

/** Series between two yields, some 20 ms of work. */
const STEP_SERIES = 1024
/** Sorted at once, as long. */
const RUN_SERIES = 8192

/** Writes the head's samples in `range`, yielding between steps; samples may be appended meanwhile, nothing may be truncated. */
export function* cutBlock(head: Head, writer: BlockWriter, range: TimeRange): Generator<undefined, void, undefined> {
  const runs = yield* sortedRuns(head)
  const lastMs = timeBefore(range.endMs)
  const columns = new Map<string, number>()
  for (let count = 1; ; count++) {
    const next = least(runs)
    if (next === undefined) return
    const { ref, labels } = next
    if (count % STEP_SERIES === 0) {
      yield
      // The head may have given a column to other series.
      columns.clear()
    }
    const window = head.samples.window(ref, Math.max(range.startMs, head.floorMs), lastMs)
    if (window.length === 0) continue
    writer.beginSeries(labels)
    writeWindow(head, writer, window, columns)
  }
}

interface LabelledRef {
  readonly ref: number
  readonly labels: Labels
}

/** Some of the series, sorted; those before `next` are done. */
interface Run {
  readonly series: readonly LabelledRef[]
  next: number
}

/** All series, in runs that are short enough to be sorted within a step. */
function* sortedRuns({ index }: Head): Generator<undefined, readonly Run[], undefined> {
  const all = Array.from(index.refs(), (ref) => ({ ref, labels: index.labelsOf(ref) }))
  const runs: Run[] = []
  for (let from = 0; from < all.length; from += RUN_SERIES) {
    runs.push({ series: all.slice(from, from + RUN_SERIES).sort((a, b) => compareLabels(a.labels, b.labels)), next: 0 })
    yield
  }
  return runs
}

/** Takes the first series of all that are left. */
function least(runs: readonly Run[]): LabelledRef | undefined {
  let best: Run | undefined
  for (const run of runs) {
    const candidate = run.series[run.next]
    const current = best?.series[best.next]
    if (candidate !== undefined && (current === undefined || compareLabels(candidate.labels, current.labels) < 0)) best = run
  }
  return best?.series[best.next++]
}

function writeWindow(head: Head, writer: BlockWriter, window: SampleWindow, columns: Map<string, number>): void {
  const timestampsMs = new Float64Array(window.length)
  const values = new Float64Array(window.length)
  head.samples.copy(window, timestampsMs, values)
  // Series that were scraped together have the same parts; one with late samples has timestamps of its own.
  const shared = window.late === undefined ? window.parts.map(({ column, from, to }) => `${column}:${from}:${to}`).join() : undefined
  for (let from = 0; from < window.length; from += COLUMN_LENGTH_MAX) {
    const to = Math.min(from + COLUMN_LENGTH_MAX, window.length)
    const key = shared === undefined ? undefined : `${shared}/${from}`
    let column = key === undefined ? undefined : columns.get(key)
    if (column === undefined) {
      column = writer.addColumn(timestampsMs.subarray(from, to), to - from)
      if (key !== undefined) columns.set(key, column)
    }
    writer.addChunk(column, values.subarray(from, to))
  }
}

/** The largest number below an integer: ranges of blocks end exclusively, those of windows inclusively. */
function timeBefore(timeMs: number): number {
  if (timeMs === 0) return -Number.MIN_VALUE
  const bits = new BigInt64Array(Float64Array.of(timeMs).buffer)
  bits[0] = (bits[0] as bigint) + (timeMs > 0 ? -1n : 1n)
  return new Float64Array(bits.buffer)[0] as number
}
