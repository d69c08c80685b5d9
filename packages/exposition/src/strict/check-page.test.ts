import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkPage, decodePage, type ExpositionFormat } from '../index.ts'

const said = (page: string | Uint8Array, format: ExpositionFormat): string => {
  const result = checkPage(typeof page === 'string' ? new TextEncoder().encode(page) : page, format)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.line}:${result.error.column}`
}

interface Case {
  readonly name: string
  readonly expected: string
  readonly page: string
}

/** Blocks of `=== name: expectation` and a page; `<cut>` takes the page's last line feed away. */
function casesOf(format: ExpositionFormat): Case[] {
  const file = readFileSync(join(import.meta.dirname, '..', 'testdata', `${format}.cases`), 'utf8')
  return file
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const headEnd = block.indexOf('\n')
      const head = block.slice(0, headEnd)
      const colon = head.lastIndexOf(': ')
      return { name: head.slice(0, colon), expected: head.slice(colon + 2), page: block.slice(headEnd + 1).replace('\n<cut>\n', '') }
    })
}

describe.each(['openmetrics', 'text'] as const)('a strictly read page of %s', (format) => {
  it.each(casesOf(format))('with $name is $expected', ({ page, expected }) => {
    expect(said(page, format)).toBe(expected)
  })

  it('is one that the lenient decoder reads too', () => {
    for (const { page, expected } of casesOf(format)) {
      const strict = decodePage(new TextEncoder().encode(page), { sample: () => {} }, { format, strict: true })
      expect(strict.ok).toBe(expected === 'accepted' && !page.includes('12345678901234567890.'))
    }
  })
})

describe('a strictly read page', () => {
  it('hands nothing over when its last line is wrong', () => {
    const seen: string[] = []
    const result = decodePage(new TextEncoder().encode('a 1\nb 1\na 2\n'), { sample: (series) => seen.push(series) }, { strict: true })
    expect([result.ok, seen]).toEqual([false, []])
  })

  it('of bytes that are not UTF-8 is refused at their line', () => {
    expect(said(Uint8Array.of(0x61, 0x20, 0x31, 0x0a, 0x62, 0xff, 0x0a), 'text')).toBe('bad-syntax 2:1')
  })

  it('counts the characters of exemplar labels, not their bytes or UTF-16 units', () => {
    const page = (value: string): string => `# TYPE a counter\na_total 1 # {x="${value}"} 1\n# EOF\n`
    expect(said(page('😀'.repeat(127)), 'openmetrics')).toBe('accepted')
    expect(said(page('😀'.repeat(128)), 'openmetrics')).toBe('bad-exemplar 2:11')
  })

  it('names the rule and the fix', () => {
    const result = checkPage(new TextEncoder().encode('# TYPE a counter\na 1\n# EOF\n'), 'openmetrics')
    expect(result.ok ? '' : result.error.message).toBe('a family of type counter has no sample a; its samples are a_total, a_created')
  })
})

const suite = join(import.meta.dirname, '../../../../../shared/conformance/openmetrics')
describe.skipIf(!existsSync(suite))("OpenObservability's cases (../shared/conformance/openmetrics; skipped where the folder is missing)", () => {
  it('are accepted or refused as they say', () => {
    const wrong: string[] = []
    for (const entry of readdirSync(suite, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const { file, shouldParse } = JSON.parse(readFileSync(join(suite, entry.name, 'test.json'), 'utf8')) as { file: string; shouldParse: boolean }
      const verdict = said(readFileSync(join(suite, entry.name, file)), 'openmetrics')
      if ((verdict === 'accepted') !== shouldParse) wrong.push(`${entry.name}: ${verdict}`)
    }
    expect(wrong).toEqual([])
  })
})
