import Pbf from 'pbf'
import { compress } from 'snappyjs'

/** A series as a sender has it: labels in the order they are written, samples as [milliseconds, value]. */
export interface SentSeries {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
}

/** The message of remote write 1.0 that carries these series. */
export function encodeWriteRequest(all: readonly SentSeries[]): Uint8Array {
  const pbf = new Pbf()
  for (const series of all) pbf.writeMessage(1, writeSeries, series)
  return pbf.finish()
}

/** The body of a POST to a remote write receiver. */
export function writeBody(all: readonly SentSeries[]): Uint8Array<ArrayBuffer> {
  return compress(encodeWriteRequest(all))
}

export const writeHeaders = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
} as const

function writeSeries(series: SentSeries, pbf: Pbf): void {
  for (const label of series.labels) pbf.writeMessage(1, writeLabel, label)
  for (let i = 0; i < series.values.length; i++) pbf.writeMessage(2, writeSample, { series, i })
}

function writeLabel([name, value]: SentSeries['labels'][number], pbf: Pbf): void {
  writeText(1, name, pbf)
  writeText(2, value, pbf)
}

/** Not by the library's writeString, which gets characters from U+20000 on wrong. */
function writeText(field: number, text: string, pbf: Pbf): void {
  pbf.writeTag(field, 2)
  pbf.writeBytes(new TextEncoder().encode(text))
}

function writeSample({ series, i }: { readonly series: SentSeries; readonly i: number }, pbf: Pbf): void {
  pbf.writeTag(1, 1)
  pbf.writeDouble(series.values[i] as number)
  pbf.writeTag(2, 0)
  pbf.writeVarint(series.timestampsMs[i] as number)
}
