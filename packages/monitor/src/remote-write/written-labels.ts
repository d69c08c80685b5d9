import { failure, Labels, ok, type Result } from '@signalbox/base'
import type { WrittenSeries } from './write-request.ts'

/** Of a name and of a value, in UTF-16 units. */
const LENGTH_MAX = 16_384

/**
 * The labels of a written series, or what is wrong with them: names are there, sorted and unique, `__name__` is among them. Empty values
 * are absent labels. SOURCE: Prometheus remote write 1.0 specification, "Labels".
 */
export function labelsOfWritten(series: WrittenSeries): Result<Labels, string> {
  const { names, values } = series
  let hasName = false
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const value = values[i] as string
    if (name === '') return failure('a label has no name')
    if (name.includes('\u0000')) return failure('a label name contains a zero byte')
    if (name.length > LENGTH_MAX || value.length > LENGTH_MAX) return failure(`a label is longer than ${LENGTH_MAX} characters`)
    const before = names[i - 1]
    if (before === name) return failure(`the label ${JSON.stringify(name)} is there twice`)
    if (before !== undefined && !isBefore(before, name)) {
      return failure(`the labels are not sorted: ${JSON.stringify(name)} stands after ${JSON.stringify(before)}`)
    }
    if (name === '__name__') hasName = value !== ''
  }
  return hasName ? ok(Labels.from(names.map((name, i) => [name, values[i] as string] as const))) : failure('the label __name__ is missing')
}

/** By code points, which is the order of UTF-8 bytes; plain comparison differs only where surrogates meet what lies above them. */
function isBefore(a: string, b: string): boolean {
  if (a < b) return !/[\ud800-\udfff]/.test(a + b) || Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
  return /[\ud800-\udfff]/.test(a + b) && Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
}
