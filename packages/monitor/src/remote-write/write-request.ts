import { isUtf8 } from 'node:buffer'
import { failure, ok, type Result } from '@signalbox/base'
import Pbf from 'pbf'

/** One series of a request, labels in the sender's order. Its samples are `[from, to)` of the request's columns. */
export interface WrittenSeries {
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly from: number
  readonly to: number
}

/** A decoded request. A NaN keeps its bits: a stale marker is one. */
export interface WriteRequest {
  readonly series: readonly WrittenSeries[]
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  /** Native histograms, which are not decoded. */
  readonly histograms: number
}

export interface WriteRequestError {
  readonly code: 'corrupt' | 'too-large'
  readonly message: string
}

export interface WriteRequestLimits {
  readonly seriesMax: number
  readonly samplesMax: number
  readonly labelsMax: number
}

/** Samples: half of what the store lets wait for its worker. Series: half of what it holds by default. */
export const writeRequestLimits: WriteRequestLimits = { seriesMax: 100_000, samplesMax: 2_500_000, labelsMax: 128 }

/*
 * prometheus.WriteRequest { 1: repeated TimeSeries; 3: repeated MetricMetadata }
 * TimeSeries              { 1: repeated Label; 2: repeated Sample; 3: repeated Exemplar; 4: repeated Histogram }
 * Label                   { 1: string name; 2: string value }
 * Sample                  { 1: double value; 2: int64 timestamp, ms }
 *
 * SOURCE: prometheus prompb/remote.proto and prompb/types.proto. Metadata and exemplars are stepped over.
 */
const BYTES = 2
const FIXED64 = 1
const VARINT = 0

/**
 * The message of remote write 1.0. `bytes` begin their buffer (the reader's view of doubles has no offset). Never throws; 'corrupt' for
 * bytes that are no such message, 'too-large' for one over the limits.
 */
export function decodeWriteRequest(bytes: Uint8Array<ArrayBuffer>, limits = writeRequestLimits): Result<WriteRequest, WriteRequestError> {
  try {
    return ok(new Decoder(bytes, limits).request())
  } catch (error) {
    if (error instanceof Refusal) return failure({ code: error.code, message: error.message })
    // The reader's own words for bytes that end too soon (RangeError) or a varint that does not end.
    return failure({
      code: 'corrupt',
      message: `the body is not a remote write 1.0 message: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

/** Unwinds the decoder; `decodeWriteRequest` makes it a value. */
class Refusal extends Error {
  readonly code: WriteRequestError['code']

  constructor(code: WriteRequestError['code'], message: string) {
    super(message)
    this.code = code
  }
}

class Decoder {
  readonly #pbf: Pbf
  readonly #buffer: Buffer
  readonly #limits: WriteRequestLimits
  readonly #series: WrittenSeries[] = []
  #timestampsMs = new Float64Array(1024)
  #values = new Float64Array(1024)
  #samples = 0
  #histograms = 0

  constructor(bytes: Uint8Array<ArrayBuffer>, limits: WriteRequestLimits) {
    this.#pbf = new Pbf(bytes)
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
  }

  request(): WriteRequest {
    this.#message(this.#buffer.length, (field, type) => field === 1 && type === BYTES && this.#oneSeries())
    return {
      series: this.#series,
      timestampsMs: this.#timestampsMs.subarray(0, this.#samples),
      values: this.#values.subarray(0, this.#samples),
      histograms: this.#histograms,
    }
  }

  /** Reads fields up to `end`. `read` answers false for a field that it did not read. */
  #message(end: number, read: (field: number, type: number) => boolean): void {
    const pbf = this.#pbf
    while (pbf.pos < end) {
      const tag = pbf.readVarint()
      if (tag >>> 3 === 0) throw new Refusal('corrupt', 'the body is not a remote write 1.0 message: a field has number 0')
      if (!read(tag >>> 3, tag & 7)) pbf.skip(tag)
      if (pbf.pos > end) throw new Refusal('corrupt', 'the body is not a remote write 1.0 message: a field reaches beyond its message')
    }
  }

  /** Where the message that begins here ends. */
  #end(): number {
    const length = this.#pbf.readVarint()
    const end = this.#pbf.pos + length
    if (end > this.#buffer.length) throw new Refusal('corrupt', 'the body is not a remote write 1.0 message: it ends inside a field')
    return end
  }

  #oneSeries(): true {
    if (this.#series.length >= this.#limits.seriesMax) {
      throw new Refusal('too-large', `the request has more than ${this.#limits.seriesMax} series`)
    }
    const names: string[] = []
    const values: string[] = []
    const from = this.#samples
    this.#message(this.#end(), (field, type) => {
      if (type !== BYTES) return false
      if (field === 1) this.#label(names, values)
      else if (field === 2) this.#sample()
      else {
        if (field === 4) this.#histograms += 1
        return false
      }
      return true
    })
    this.#series.push({ names, values, from, to: this.#samples })
    return true
  }

  #label(names: string[], values: string[]): void {
    if (names.length >= this.#limits.labelsMax) throw new Refusal('too-large', `a series has more than ${this.#limits.labelsMax} labels`)
    let name = ''
    let value = ''
    this.#message(this.#end(), (field, type) => {
      if (type !== BYTES || field > 2) return false
      if (field === 1) name = this.#text()
      else value = this.#text()
      return true
    })
    names.push(name)
    values.push(value)
  }

  #sample(): void {
    const pbf = this.#pbf
    if (this.#samples >= this.#limits.samplesMax) throw new Refusal('too-large', `the request has more than ${this.#limits.samplesMax} samples`)
    if (this.#samples === this.#values.length) this.#grow()
    const at = this.#samples
    this.#timestampsMs[at] = 0
    this.#values[at] = 0
    this.#message(this.#end(), (field, type) => {
      if (field === 1 && type === FIXED64) this.#values[at] = pbf.readDouble()
      else if (field === 2 && type === VARINT) this.#timestampsMs[at] = pbf.readVarint(true)
      else return false
      return true
    })
    this.#samples += 1
  }

  #text(): string {
    const end = this.#end()
    const start = this.#pbf.pos
    this.#pbf.pos = end
    if (!isUtf8(this.#buffer.subarray(start, end))) throw new Refusal('corrupt', 'a label is not valid UTF-8')
    return this.#buffer.toString('utf8', start, end)
  }

  #grow(): void {
    const capacity = this.#values.length * 2
    const timestampsMs = new Float64Array(capacity)
    const values = new Float64Array(capacity)
    timestampsMs.set(this.#timestampsMs)
    values.set(this.#values)
    this.#timestampsMs = timestampsMs
    this.#values = values
  }
}
