import { Labels } from '@signalbox/base'
import { ByteReader } from '../codec/byte-reader.ts'
import type { ByteWriter } from '../codec/byte-writer.ts'

// The payloads of series and scrape frames: docs/formats/wal.md draws them.

const INTEGER_MAX = 2 ** 51
/** A larger reference is none of ours: 200,000 new series a day take 29 years to it. */
const REF_MAX = 2 ** 31

export interface SeriesRecord {
  readonly ref: number
  readonly labels: Labels
}

/** Samples as columns of which `[0, length)` count. */
export interface SampleColumns {
  readonly refs: ArrayLike<number>
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  readonly length: number
}

/** `series` in ascending order of references for the fewest bytes; any order is read back. */
export function writeSeries(writer: ByteWriter, series: readonly SeriesRecord[]): void {
  const strings = new Map<string, number>()
  const text = (value: string): void => {
    const known = strings.get(value)
    if (known !== undefined) {
      writer.varint(known)
      return
    }
    strings.set(value, strings.size + 1)
    writer.varint(0)
    writer.text(value)
  }
  writer.varint(series.length)
  let previous = 0
  for (const { ref, labels } of series) {
    writer.zigzag(ref - previous)
    previous = ref
    writer.varint(labels.size)
    for (let i = 0; i < labels.size; i++) {
      text(labels.names[i] as string)
      text(labels.values[i] as string)
    }
  }
}

/** Undefined: the bytes are not a series frame. */
export function readSeries(bytes: Uint8Array): readonly SeriesRecord[] | undefined {
  const reader = new ByteReader(bytes)
  const strings: string[] = []
  let isKnown = true
  const text = (): string => {
    const index = reader.varint()
    if (index > strings.length) isKnown = false
    if (index > 0) return strings[index - 1] ?? ''
    const value = reader.text()
    strings.push(value)
    return value
  }
  const count = reader.count(2)
  const series: SeriesRecord[] = []
  let ref = 0
  for (let i = 0; i < count; i++) {
    ref += reader.zigzag()
    const size = reader.count(2)
    const names = new Array<string>(size)
    const values = new Array<string>(size)
    for (let k = 0; k < size; k++) {
      names[k] = text()
      values[k] = text()
    }
    if (!reader.sound || !isKnown || ref < 1 || ref > REF_MAX || !isLabelSet(names, values)) return undefined
    series.push({ ref, labels: new Labels(names, values) })
  }
  return reader.sound && reader.left === 0 ? series : undefined
}

/** What `Labels` demands of who makes one. */
function isLabelSet(names: readonly string[], values: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) {
    if (values[i] === '' || (i > 0 && (names[i - 1] as string) >= (names[i] as string))) return false
  }
  return true
}

/** Samples `[from, to)`. Least bytes where references ascend one by one and timestamps repeat, as a target's do. */
export function writeScrape(writer: ByteWriter, samples: SampleColumns, from: number, to: number): void {
  const { timestampsMs } = samples
  let groups = 0
  for (let i = from; i < to; i++) if (i === from || timestampsMs[i] !== timestampsMs[i - 1]) groups += 1
  writer.varint(groups)
  for (let start = from; start < to; ) {
    let end = start + 1
    while (end < to && timestampsMs[end] === timestampsMs[start]) end += 1
    writer.f64(timestampsMs[start] as number)
    writeRuns(writer, samples.refs, start, end)
    for (let i = start; i < end; i++) writeValue(writer, samples.values[i] as number)
    start = end
  }
}

function writeRuns(writer: ByteWriter, refs: ArrayLike<number>, from: number, to: number): void {
  let runs = 0
  for (let i = from; i < to; i++) if (i === from || refs[i] !== (refs[i - 1] as number) + 1) runs += 1
  writer.varint(runs)
  let next = 0
  for (let start = from; start < to; ) {
    let end = start + 1
    while (end < to && refs[end] === (refs[end - 1] as number) + 1) end += 1
    const first = refs[start] as number
    writer.zigzag(first - next)
    writer.varint(end - start)
    next = first + end - start
    start = end
  }
}

function writeValue(writer: ByteWriter, value: number): void {
  if (value < INTEGER_MAX && value > -INTEGER_MAX && Math.trunc(value) === value && !Object.is(value, -0)) {
    writer.varint(value < 0 ? -2 * value : 2 * value + 1)
  } else {
    writer.u8(0)
    writer.f64(value)
  }
}

/** False: the bytes are not a scrape frame. What was read of it until then was given to `sample` all the same. */
export function readScrape(bytes: Uint8Array, sample: (ref: number, timestampMs: number, value: number) => void): boolean {
  const reader = new ByteReader(bytes)
  const groups = reader.count(11)
  for (let group = 0; group < groups; group++) {
    const timestampMs = reader.f64()
    const runs = reader.count(2)
    const firsts = new Float64Array(runs)
    const lengths = new Float64Array(runs)
    let next = 0
    for (let i = 0; i < runs; i++) {
      const first = next + reader.zigzag()
      const length = reader.count(1)
      firsts[i] = first
      lengths[i] = length
      next = first + length
      if (first < 1 || next > REF_MAX) return false
    }
    if (!reader.sound || !Number.isFinite(timestampMs)) return false
    for (let i = 0; i < runs; i++) {
      const end = (firsts[i] as number) + (lengths[i] as number)
      for (let ref = firsts[i] as number; ref < end; ref++) {
        const code = reader.varint()
        const value = code === 0 ? reader.f64() : code % 2 === 1 ? (code - 1) / 2 : -code / 2
        if (!reader.sound) return false
        sample(ref, timestampMs, value)
      }
    }
  }
  return reader.sound && reader.left === 0
}
