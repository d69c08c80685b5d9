import { Labels } from '@signalbox/base'
import { added, subtracted } from '../histogram/combine.ts'
import type { FloatHistogram } from '../histogram/float-histogram.ts'
import { unquote } from '../quote.ts'
import { parseHistogram } from './histogram-literal.ts'
import { parseNumber } from './number.ts'

/** One point of a series line; 'gap' for none. */
export type Point = number | FloatHistogram | 'stale' | 'gap'

export interface SeriesLine {
  readonly labels: Labels
  readonly points: readonly Point[]
}

/** `metric{...}@st items`: how far before each sample of the next line its counter began, milliseconds; undefined where unknown. */
export interface StartLine {
  readonly labels: Labels
  readonly offsetsMs: readonly (number | undefined)[]
}

// No hexadecimal: `1+0x3` adds 0 three times.
const NUMBER = String.raw`[+-]?(?:Inf|NaN|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`
const ITEM = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`, 'i')
const HISTOGRAM_ITEM = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/

/** `metric{label="value"} items`. Throws on what it cannot read: a broken test file is a bug. */
export function parseSeriesLine(line: string): SeriesLine {
  const { labels, rest } = parseLabels(line)
  return { labels, points: items(rest).flatMap(parseItem) }
}

/** The line as a list of start times; undefined when it is none. */
export function parseStartLine(line: string): StartLine | undefined {
  const { labels, rest } = parseLabels(line)
  if (!rest.startsWith('@st')) return undefined
  const points = items(rest.slice('@st'.length)).flatMap(parseItem)
  return { labels, offsetsMs: points.map((point) => (typeof point === 'number' ? point * 1000 : undefined)) }
}

function items(text: string): string[] {
  return text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? []
}

function parseLabels(line: string): { labels: Labels; rest: string } {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? ''
  const pairs: [string, string][] = name === '' ? [] : [['__name__', name]]
  let rest = line.slice(name.length)
  if (!rest.startsWith('{') || rest.startsWith('{{')) return { labels: Labels.from(pairs), rest }
  rest = rest.slice(1).trimStart()
  while (!rest.startsWith('}')) {
    const match = /^([\w.]+|"(?:[^"\\]|\\.)*")\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))?\s*,?\s*/.exec(rest)
    if (match === null) throw new SyntaxError(`bad labels: ${line}`)
    const [all, key = '', value] = match
    const plain = key.startsWith('"') ? (unquote(key) ?? key) : key
    if (value === undefined) pairs.push(['__name__', plain])
    else pairs.push([plain, unquote(value) ?? ''])
    rest = rest.slice(all.length)
  }
  return { labels: Labels.from(pairs), rest: rest.slice(1) }
}

function parseItem(item: string): Point[] {
  const gaps = /^_(?:x(\d+))?$/.exec(item)
  if (gaps !== null) return new Array<Point>(Number(gaps[1] ?? 1)).fill('gap')
  if (item === 'stale') return ['stale']
  const native = HISTOGRAM_ITEM.exec(item)
  if (native !== null) return histograms(native)
  const match = ITEM.exec(item)
  if (match === null) throw new SyntaxError(`bad item: ${item}`)
  const [, first = '', sign, step, times] = match
  const points: number[] = [parseNumber(first)]
  const delta = step === undefined ? 0 : parseNumber(step) * (sign === '-' ? -1 : 1)
  for (let i = 0; i < Number(times ?? 0); i++) points.push((points[i] as number) + delta)
  return points
}

function histograms([, first = '', sign, step, times]: RegExpExecArray): Point[] {
  const start = parseHistogram(first)
  const points: FloatHistogram[] = [start]
  const delta = step === undefined ? undefined : parseHistogram(step)
  const combine = sign === '-' ? subtracted : added
  for (let i = 0; i < Number(times ?? 0); i++) {
    const last = points[i] as FloatHistogram
    const next = delta === undefined ? last : combine(last, delta)?.histogram
    if (next === undefined) throw new SyntaxError(`histograms of ${first} and ${step} cannot be combined`)
    points.push(next)
  }
  return points
}
