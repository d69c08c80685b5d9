import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS, type ResetHint } from '../histogram/float-histogram.ts'
import { parseNumber } from './number.ts'

const FIELD = /([a-z_]+)\s*:\s*(\[[^\]]*\]|[^\s}]+)/g
const HINTS: ReadonlySet<string> = new Set(['unknown', 'reset', 'not_reset', 'gauge'])

/** The histogram of `{{schema:1 sum:4 count:3 buckets:[1 2] ...}}`. Throws on a field it does not know. */
export function parseHistogram(literal: string): FloatHistogram {
  const fields = new Map<string, string>()
  for (const [, name = '', value = ''] of literal.matchAll(FIELD)) fields.set(name, value)
  const number = (name: string): number => {
    const text = fields.get(name)
    fields.delete(name)
    return text === undefined ? 0 : parseNumber(text)
  }
  const list = (name: string): number[] => {
    const text = fields.get(name)?.slice(1, -1).trim() ?? ''
    fields.delete(name)
    return text === '' ? [] : text.split(/\s+/).map(parseNumber)
  }
  const buckets = (counts: string, offset: string): Buckets => {
    const first = number(offset)
    const values = list(counts)
    return values.length === 0 ? NO_BUCKETS : { indices: values.map((_, i) => first + i), counts: values }
  }
  const schema = number('schema')
  const hint = fields.get('counter_reset_hint') ?? 'unknown'
  fields.delete('counter_reset_hint')
  if (!HINTS.has(hint)) throw new SyntaxError(`bad counter_reset_hint: ${hint}`)
  const histogram: FloatHistogram = {
    schema,
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    count: number('count'),
    sum: number('sum'),
    positive: buckets('buckets', 'offset'),
    negative: buckets('n_buckets', 'n_offset'),
    customBounds: schema === CUSTOM_SCHEMA ? list('custom_values') : [],
    resetHint: hint as ResetHint,
  }
  if (fields.size > 0) throw new SyntaxError(`unknown fields in ${literal}: ${[...fields.keys()].join(', ')}`)
  return histogram
}
