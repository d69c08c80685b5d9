/** Samples in a sealed chunk. SOURCE: Prometheus tsdb/head_append.go aims at 120 samples a chunk. */
export const CHUNK_SAMPLES = 120

/** The values of a sealed chunk: one number when all are the same, four bytes each when all are such integers, else as appended. */
export type SealedValues = number | Int32Array | Float64Array

/** CHUNK_SAMPLES samples that no longer change. */
export interface SealedChunk {
  readonly timestampsMs: Float64Array
  readonly values: SealedValues
  /** Without the timestamps where another series counts them. */
  readonly bytes: number
}

/**
 * The narrowest representation that gives back every value bit for bit: most buckets of most histograms never move, and most that do
 * hold integers. Keeps `values` itself when neither applies. Negative zero and NaN are kept as they are.
 */
export function narrow(values: Float64Array): SealedValues {
  const first = values[0] as number
  // Object.is takes all NaN for one, whatever their payloads.
  let constant = !Number.isNaN(first)
  let integers = true
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (!Object.is(value, first)) constant = false
    if ((value | 0) !== value || Object.is(value, -0)) integers = false
    if (!constant && !integers) return values
  }
  return constant ? first : Int32Array.from(values)
}
