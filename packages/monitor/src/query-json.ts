import type { Labels } from '@signalbox/base'
import { formatValue } from '@signalbox/exposition'
import type { QueryValue } from '@signalbox/promql'

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
 * timestamps seconds with up to three decimals. SOURCE: Prometheus HTTP API, "Expression query result formats".
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
      writeList(
        value.samples,
        pieces,
        (sample) => `{"metric":${labelsJson(sample.labels)},"value":${point(sample.timestampMs, formatValue(sample.value))}}`,
      )
      break
    case 'matrix':
      writeList(value.series, pieces, (series) => `{"metric":${labelsJson(series.labels)},"values":[${points(series.timestampsMs, series.values)}]}`)
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

function points(timestampsMs: Float64Array, values: Float64Array): string {
  let text = ''
  for (let i = 0; i < timestampsMs.length; i++) text += `${i === 0 ? '' : ','}${point(timestampsMs[i] as number, formatValue(values[i] as number))}`
  return text
}

function point(timestampMs: number, value: string): string {
  return `[${Math.round(timestampMs) / 1000},${JSON.stringify(value)}]`
}
