import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeNumberedPage, decodePage, SeriesTable } from './index.ts'

// Texts that are prefixes of each other, have blanks inside or need more than one byte a character.
const names = ['a', 'a_b', 'a{}', 'a{x="1"}', 'a{x="12"}', 'a {x="1"}', 'a{x="é"}', 'a{x="1",}', 'b{y="} 1"}', 'c']
const line = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(' ', '  ', '\t'), fc.integer(), fc.constantFrom('', ' 5', '\r'))
  .map(([series, gap, value, rest]) => `${series}${gap}${value}${rest}\n`)
const page = fc.array(
  fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: fc.constantFrom('# TYPE a gauge\n', '\n', 'a x\n', 'a{\n') }),
  { maxLength: 12 },
)

it('a page read over a table says what it says without one, whatever pages came before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(page, fc.boolean()), { maxLength: 8 }), (pages) => {
      const table = new SeriesTable(100)
      const numberOf = new Map<string, number>()
      for (const [lines, isBelieved] of pages) {
        const bytes = new TextEncoder().encode(lines.join(''))
        const plain: unknown[] = []
        const numbered: unknown[] = []
        const expected = decodePage(bytes, { sample: (...sample) => plain.push(sample) })
        const seen = new Map<string, number>()
        const result = decodeNumberedPage(bytes, table, {
          sample(series, value, timestampMs) {
            numbered.push([table.text(series), value, timestampMs])
            seen.set(table.text(series), series)
          },
        })
        expect(result).toEqual(expected)
        expect(numbered).toEqual(plain)
        // A series keeps its number as long as believed pages show it.
        for (const [text, series] of seen) expect(numberOf.get(text) ?? series).toBe(series)
        for (const [text, series] of seen) numberOf.set(text, series)
        if (!isBelieved || !result.ok) continue
        table.endPage()
        expect(table.size).toBe(seen.size)
        for (const text of numberOf.keys()) if (!seen.has(text)) numberOf.delete(text)
      }
    }),
    { numRuns: 500 },
  )
})

it('a full table gives no more numbers, and has room again when pages no longer show its series', () => {
  const table = new SeriesTable(2)
  const read = (text: string): number[] => {
    const numbers: number[] = []
    decodeNumberedPage(new TextEncoder().encode(text), table, { sample: (series) => numbers.push(series) })
    return numbers
  }
  expect(read('a 1\nb 1\nc 1\na 1\n')).toEqual([0, 1, -1, 0])
  table.endPage()
  expect(read('c 1\na 1\n')).toEqual([-1, 0])
  table.endPage()
  expect(read('c 1\na 1\n')).toEqual([1, 0])
  expect(table.size).toBe(2)
  table.clear()
  expect(table.size).toBe(0)
})

it('a table outlives many generations of series', () => {
  const table = new SeriesTable(2_000)
  for (let generation = 0; generation < 50; generation++) {
    const lines = Array.from({ length: 500 }, (_, i) => `a{pod="${generation}-${i}"} ${i}\n`)
    const texts: string[] = []
    decodeNumberedPage(new TextEncoder().encode(lines.join('')), table, { sample: (series) => texts.push(table.text(series)) })
    table.endPage()
    expect(texts).toEqual(lines.map((line) => line.slice(0, line.indexOf(' '))))
    expect(table.size).toBe(500)
  }
})

it('unwanted series are not numbered', () => {
  const table = new SeriesTable(10)
  const bytes = new TextEncoder().encode('a 1\nb 1\na{x="1"} 1\n')
  for (let page = 0; page < 2; page++) {
    const seen: number[] = []
    decodeNumberedPage(bytes, table, { wants: (name) => name === 'a', sample: (series) => seen.push(series) })
    table.endPage()
    expect([seen, table.size]).toEqual([[0, 1], 2])
  }
})
