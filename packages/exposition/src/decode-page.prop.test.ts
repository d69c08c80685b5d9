import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPage, decodePage, type Exemplar, type ExpositionErrorCode, escapeHelp, escapeLabelValue, formatValue, parseSeries } from './index.ts'

const metricName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
const labelName = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,10}$/)
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', ',', '}', ' ', 'é') }))
const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, -0))
const sample = fc.record({
  labels: fc.dictionary(labelName, text, { maxKeys: 5 }),
  value,
  timestampMs: fc.option(fc.integer({ min: -8.64e15, max: 8.64e15 }), { nil: undefined }),
})
const family = fc.record({ name: metricName, help: text, type: fc.constantFrom('counter', 'gauge', 'histogram'), samples: fc.array(sample) })

function encode(families: readonly (typeof family extends fc.Arbitrary<infer T> ? T : never)[]): string {
  let page = ''
  for (const { name, help, type, samples } of families) {
    page += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
    for (const { labels, value, timestampMs } of samples) {
      const pairs = Object.entries(labels).map(([label, labelValue]) => `${label}="${escapeLabelValue(labelValue)}"`)
      page += `${name}{${pairs.join(',')}} ${formatValue(value)}${timestampMs === undefined ? '' : ` ${timestampMs}`}\n`
    }
  }
  return page
}

describe('decodePage', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(family), (families) => {
        const written = families.flatMap(({ name, samples }) => samples.map((one) => ({ name, ...one, labels: withoutEmpty(one.labels) })))
        const read: unknown[] = []
        const metadata: string[] = []
        const result = decodePage(
          new TextEncoder().encode(encode(families)),
          {
            type: (name, type) => metadata.push(`${name} ${type}`),
            help: (name, help) => metadata.push(`${name} ${help}`),
            sample(series, value, timestampMs) {
              const parsed = parseSeries(series)
              if (!parsed.ok) throw new Error(parsed.error.message)
              read.push({ name: parsed.value.name, labels: parsed.value.labels.toRecord(), value, timestampMs })
            },
          },
          { format: 'text' },
        )
        expect(result).toEqual({ ok: true, value: { samples: written.length } })
        expect(read).toEqual(written)
        expect(metadata).toEqual(families.flatMap(({ name, help, type }) => [`${name} ${trimBlanks(help)}`, `${name} ${type}`]))
      }),
    )
  })

  it('answers a listed error or samples with sound series for any bytes', () => {
    const codes = new Set<ExpositionErrorCode>(['bad-syntax', 'bad-value', 'bad-timestamp', 'bad-label', 'bad-exemplar', 'too-large'])
    const strictCodes = new Set<ExpositionErrorCode>([
      'bad-metadata',
      'bad-name',
      'name-clash',
      'bad-order',
      'duplicate',
      'bad-histogram',
      'bad-summary',
    ])
    const sound = '# HELP a b\n# TYPE a counter\na_total{x="1",le="+Inf"} 1.5e3 17 # {t="é\\n"} 2 3\r\nb{} NaN\nc -Inf\n# EOF\n'
    const mutated = fc
      .tuple(fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())), fc.nat(200))
      .map(([edits, cut]) => mutate(new TextEncoder().encode(sound.repeat(2)), edits).subarray(0, cut < 150 ? undefined : cut))
    const nearby = fc
      .array(fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '\n', '1', '#', '# EOF', '# TYPE a x', 'e', '.', 'é', '\r'))
      .map((parts) => new TextEncoder().encode(parts.join('')))
    const format = fc.constantFrom(undefined, 'text' as const, 'openmetrics' as const)
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, nearby), format, fc.boolean(), (page, chosen, filter) => {
        const handler = {
          sample(series: string) {
            const parsed = parseSeries(series)
            if (!parsed.ok) expect(parsed.error).toMatchObject({ code: 'bad-label', message: expect.stringMatching(/twice|reserved/) })
          },
          exemplar: ({ value, timestampMs }: Exemplar) => expect([typeof value, Number.isNaN(timestampMs)]).toEqual(['number', false]),
          ...(filter ? { wants: (name: string) => name.length % 2 === 0 } : {}),
        }
        const result = decodePage(page, handler, chosen === undefined ? {} : { format: chosen })
        const strict = checkPage(page, chosen ?? 'openmetrics')
        expect(result.ok || codes.has(result.error.code)).toBe(true)
        expect(strict.ok || codes.has(strict.error.code) || strictCodes.has(strict.error.code)).toBe(true)
        for (const { error } of [result, strict].filter((outcome) => !outcome.ok)) {
          expect(error.line).toBeGreaterThanOrEqual(1)
          expect(error.line).toBeLessThanOrEqual(1 + page.filter((byte) => byte === 0x0a).length)
          expect(error.column).toBeGreaterThanOrEqual(1)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('and its strict sister answer in time however a page repeats itself', () => {
    // A step that is not linear takes hours on a megabyte; the runner's limit then fails this test.
    const parts = [
      '{',
      '{x="',
      'a{x="\\',
      '\\"',
      'a',
      'a{x="1",',
      '# TYPE a ',
      '# HELP ',
      '#',
      ' ',
      '\t',
      '1',
      '1e',
      '\n',
      'a 1\n',
      'a{x="1"} 1 # {y="1"',
      '# EOF\n',
      '😀',
      '\r',
    ]
    for (const head of ['', 'a 1 # {', '# TYPE a histogram\n']) {
      for (const part of parts) {
        const page = new TextEncoder().encode(head + part.repeat(Math.floor(1_000_000 / part.length)))
        for (const format of ['text', 'openmetrics'] as const) {
          const lenient = decodePage(page, { sample: () => {}, exemplar: () => {}, type: () => {}, help: () => {} }, { format })
          const strict = checkPage(page, format)
          // Whatever is sound by the letter is read.
          expect(lenient.ok || !strict.ok).toBe(true)
        }
      }
    }
  })

  it('reads any finite number as JavaScript does', () => {
    const written = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc
        .tuple(fc.stringMatching(/^-?[0-9]{1,25}(\.[0-9]{1,25})?$/), fc.integer({ min: -330, max: 310 }))
        .map(([digits, exponent]) => `${digits}e${exponent}`),
    )
    fc.assert(
      fc.property(written, (number) => {
        let read: number | undefined
        decodePage(new TextEncoder().encode(`x ${number}`), { sample: (_, value) => (read = value) })
        expect(read).toBe(Number(number))
      }),
      { numRuns: 1000 },
    )
  })
})

function mutate(page: Uint8Array, edits: readonly (readonly [number, number, boolean])[]): Uint8Array {
  let bytes = [...page]
  for (const [where, byte, replace] of edits) bytes = bytes.toSpliced(where % bytes.length, replace ? 1 : 0, byte)
  return Uint8Array.from(bytes)
}

function withoutEmpty(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, labelValue]) => labelValue !== ''))
}

/** Blanks between a family's name and its help cannot be told from the help's own; nor a final CR from the line's. */
function trimBlanks(help: string): string {
  return help.replace(/^[ \t]+/, '').replace(/\r$/, '')
}
