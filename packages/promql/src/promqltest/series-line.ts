import { Labels } from '@signalbox/base'
import { parseDuration } from '../duration.ts'
import { unquote } from '../quote.ts'

/** One point of a series line; 'gap' for none, 'histogram' for a native histogram, which is not supported. */
type Point = number | 'stale' | 'gap' | 'histogram'

export interface SeriesLine {
  readonly labels: Labels
  readonly points: readonly Point[]
}

const NUMBER = String.raw`[+-]?(?:Inf|NaN|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`
const ITEM = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`, 'i')

/** `metric{label="value"} items`. Throws on what it cannot read: a broken test file is a bug. */
export function parseSeriesLine(line: string): SeriesLine {
  const { labels, rest } = parseLabels(line)
  const items = rest.match(/(?:\{\{.*?\}\}|\S)+/g) ?? []
  return { labels, points: items.flatMap(parseItem) }
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
  if (item.includes('{{')) {
    const times = /x(\d+)$/.exec(item)
    return new Array<Point>(times === null ? 1 : Number(times[1]) + 1).fill('histogram')
  }
  const match = ITEM.exec(item)
  if (match === null) throw new SyntaxError(`bad item: ${item}`)
  const [, first = '', sign, step, times] = match
  const points: Point[] = [parseNumber(first)]
  const delta = step === undefined ? 0 : parseNumber(step) * (sign === '-' ? -1 : 1)
  for (let i = 0; i < Number(times ?? 0); i++) points.push((points[i] as number) + delta)
  return points
}

/** A number, an infinity, NaN, or a duration in seconds. */
export function parseNumber(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const plain = text.replace(/^[+-]/, '')
  if (/^inf$/i.test(plain)) return sign * Number.POSITIVE_INFINITY
  if (/^nan$/i.test(plain)) return Number.NaN
  const durationMs = parseDuration(plain)
  return sign * (durationMs === undefined ? Number(plain) : durationMs / 1000)
}
