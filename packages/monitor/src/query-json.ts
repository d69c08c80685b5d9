import type { Labels } from '@signalbox/base'
import { formatValue } from '@signalbox/exposition'
import { allBuckets, closedBounds, type FloatHistogram, type QueryValue, type SeriesColumns } from '@signalbox/promql'

/** Text of a result in pieces, with a limit on their sum: a result is held whole, so it must not grow without end. */
export class JsonPieces {
  readonly #pieces: string[] = []
  readonly #lengthMax: number
  #length = 0

  /** `lengthMax` in UTF-16 units. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  get full(): boolean {
    return this.#length > this.#lengthMax
  }

  add(piece: string): void {
    if (this.full) return
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** UTF-8. Only when not full. */
  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#pieces.join(''))
  }
}

/**
 * Writes the `data` of an answer to query or query_range: `{"resultType":...,"result":...}`. Sample values are strings,
 * timestamps seconds with up to three decimals; native histograms stand under `histogram` and `histograms`. SOURCE: Prometheus HTTP API, "Expression query result formats".
 */
export function writeQueryValue(value: QueryValue, pieces: JsonPieces): void {
  pieces.add(`{"resultType":"${value.type}","result":`)
  switch (value.type) {
    case 'scalar':
      pieces.add(point(value.timestampMs, formatValue(value.value)))
      break
    case 'string':
      pieces.add(point(value.timestampMs, value.value))
      break
    case 'vector':
      writeList(value.samples, pieces, ({ labels, timestampMs, value: number, histogram }) =>
        histogram === undefined
          ? `{"metric":${labelsJson(labels)},"value":${point(timestampMs, formatValue(number))}}`
          : `{"metric":${labelsJson(labels)},"histogram":${histogramPoint(timestampMs, histogram)}}`,
      )
      break
    case 'matrix':
      writeList(value.series, pieces, (series) => `{"metric":${labelsJson(series.labels)},${points(series)}}`)
      break
  }
  pieces.add('}')
}

/** Writes a list of label sets: the `data` of an answer to series. */
export function writeLabelSets(sets: readonly Labels[], pieces: JsonPieces): void {
  writeList(sets, pieces, labelsJson)
}

/** Writes a list of strings: the `data` of an answer to labels and label values. */
export function writeStrings(strings: readonly string[], pieces: JsonPieces): void {
  writeList(strings, pieces, (text) => JSON.stringify(text))
}

function writeList<T>(items: readonly T[], pieces: JsonPieces, write: (item: T) => string): void {
  pieces.add('[')
  for (let i = 0; i < items.length && !pieces.full; i++) pieces.add(i === 0 ? write(items[i] as T) : `,${write(items[i] as T)}`)
  pieces.add(']')
}

function labelsJson(labels: Labels): string {
  return JSON.stringify(labels.toRecord())
}

function points({ timestampsMs, values, histograms }: SeriesColumns): string {
  let floats = ''
  let native = ''
  for (let i = 0; i < timestampsMs.length; i++) {
    const timeMs = timestampsMs[i] as number
    const histogram = histograms?.[i]
    if (histogram !== undefined) native += `${native === '' ? '' : ','}${histogramPoint(timeMs, histogram)}`
    else floats += `${floats === '' ? '' : ','}${point(timeMs, formatValue(values[i] as number))}`
  }
  if (native === '') return `"values":[${floats}]`
  return `${floats === '' ? '' : `"values":[${floats}],`}"histograms":[${native}]`
}

/** Buckets are [which bounds belong to it, lower, upper, count]: 0 the upper, 1 the lower, 2 neither, 3 both. */
function histogramPoint(timestampMs: number, histogram: FloatHistogram): string {
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map((bucket) => {
      const closed = closedBounds(histogram, bucket)
      const rule = closed.lower ? (closed.upper ? 3 : 1) : closed.upper ? 0 : 2
      return [rule, formatValue(bucket.lower), formatValue(bucket.upper), formatValue(bucket.count)]
    })
  const content = { count: formatValue(histogram.count), sum: formatValue(histogram.sum), ...(buckets.length > 0 ? { buckets } : {}) }
  return `[${Math.round(timestampMs) / 1000},${JSON.stringify(content)}]`
}

function point(timestampMs: number, value: string): string {
  return `[${Math.round(timestampMs) / 1000},${JSON.stringify(value)}]`
}
