import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askForUsage } from './body-rewrite.ts'
import { RequestScanner } from './request-scanner.ts'

const scanner = new RequestScanner()
const scanText = (text: string, strict = true) => scanner.scan(Buffer.from(text), strict)

const field = fc.record(
  {
    stream: fc.oneof(fc.boolean(), fc.constant(null)),
    priority: fc.oneof(fc.integer(), fc.constant(null)),
    user: fc.string(),
    max_tokens: fc.oneof(fc.nat(), fc.constant(null)),
    max_completion_tokens: fc.nat(),
    stream_options: fc.oneof(
      fc.constant(null),
      fc.record({ include_usage: fc.constantFrom(true, false, 'true', 'false', null), other: fc.jsonValue() }, { requiredKeys: [] }),
    ),
    messages: fc.array(fc.jsonValue()),
    prompt: fc.string(),
    tools: fc.array(fc.jsonValue()),
    cache_salt: fc.string(),
  },
  { requiredKeys: [] },
)

const request = fc
  .tuple(fc.string({ minLength: 1, unit: 'grapheme' }), field, fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 0, max: 4 }))
  .map(([model, fields, others, indent]) => {
    const known = new Set(['max_output_tokens', 'input', 'model'])
    const extra = Object.fromEntries(Object.entries(others).filter(([key]) => !known.has(key)))
    return JSON.stringify({ ...extra, model, ...fields }, null, indent)
  })

describe('RequestScanner against JSON.parse', () => {
  it('reads the same fields from any valid request', () => {
    fc.assert(
      fc.property(request, (text) => {
        const body = Buffer.from(text)
        const parsed = JSON.parse(text)
        const scanned = scanner.scan(body)
        if (!scanned.ok) throw new Error(`${scanned.error.message} in ${text}`)
        const { value } = scanned
        const slice = (span: { start: number; end: number } | undefined) =>
          span === undefined ? undefined : JSON.parse(body.toString('utf8', span.start, span.end))
        expect(value.model).toBe(parsed.model)
        expect(value.stream).toBe(parsed.stream === true)
        expect(value.priority).toBe(parsed.priority ?? 0)
        expect(value.user).toBe(parsed.user === '' ? undefined : parsed.user)
        expect(value.outputTokensMax).toBe(parsed.max_completion_tokens ?? parsed.max_tokens ?? undefined)
        expect(slice(value.prompt)).toEqual(parsed.messages ?? parsed.prompt)
        expect(slice(value.tools)).toEqual(parsed.tools)
        expect(slice(value.cacheSalt)).toEqual(parsed.cache_salt)
        expect(slice(value.streamOptions)).toEqual(parsed.stream_options)
        const asked = parsed.stream_options?.include_usage
        expect(value.includeUsage).toBe(asked === true || asked === 'true')
      }),
    )
  })

  it('asks for usage and changes nothing else', () => {
    fc.assert(
      fc.property(request, (text) => {
        const body = Buffer.from(text)
        const scanned = scanner.scan(body)
        if (!scanned.ok) throw new Error(scanned.error.message)
        const parsed = JSON.parse(text)
        const expected = { ...parsed, stream_options: { ...parsed.stream_options, include_usage: true } }
        expect(JSON.parse(askForUsage(body, scanned.value).toString())).toEqual(expected)
      }),
    )
  })

  it('never throws, and refuses every proper prefix', () => {
    fc.assert(
      fc.property(request, fc.nat(), (text, cut) => {
        const body = Buffer.from(text)
        expect(scanner.scan(body.subarray(0, cut % body.length), false).ok).toBe(false)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        scanner.scan(Buffer.from(bytes))
      }),
    )
    const fragments = fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'model', 'null', '1', ' ', 'url', 'data:', 'stream_options'))
    fc.assert(
      fc.property(fragments, (parts) => {
        const text = parts.join('')
        const scanned = scanner.scan(Buffer.from(`{"model":"m",${text}`))
        if (scanned.ok) return
        let valid = true
        try {
          JSON.parse(`{"model":"m",${text}`)
        } catch {
          valid = false
        }
        if (valid) expect(scanned.error.code).not.toBe('invalid-json')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('RequestScanner', () => {
  it('lets the last of two equal keys win, also when one is written with escapes', () => {
    const scanned = scanText('{"model":"a","m\\u006fdel":"b","stream":true,"stream":false}')
    expect(scanned).toMatchObject({ ok: true, value: { model: 'b', stream: false } })
  })

  it.each([
    ['{"model":"a"} x', 'byte 14'],
    ['{"model":"a"', 'the body ends'],
    ['{"model":"a","messages":[{]}}', 'do not pair'],
    ['[]', 'byte 0'],
    ['', 'byte 0'],
    ['{"model":"a",}', 'byte 13'],
    ['{"model" "a"}', "':' expected"],
    [`{"model":"a","x":${'['.repeat(600)}`, 'nested deeper'],
  ])('refuses %s and names the place', (text, place) => {
    const scanned = scanText(text)
    expect(scanned.ok).toBe(false)
    if (!scanned.ok) expect(scanned.error.message).toContain(place)
  })

  it.each([
    ['{}', 'model'],
    ['{"model":null}', 'model'],
    ['{"model":7}', 'model'],
    ['{"model":""}', 'model'],
    ['{"model":"a","stream":"yes"}', 'stream'],
    ['{"model":"a","priority":1.5}', 'priority'],
    ['{"model":"a","max_tokens":-1}', 'max_tokens'],
    ['{"model":"a","stream_options":3}', 'stream_options'],
    ['{"model":"a","messages":"hi"}', 'messages'],
    ['{"model":"a","prompt":{}}', 'prompt'],
  ])('refuses %s and names the field', (text, param) => {
    const scanned = scanText(text)
    expect(scanned.ok).toBe(false)
    if (!scanned.ok) expect(scanned.error.param).toBe(param)
  })

  it('counts inline images and only those', () => {
    const part = (url: string) => ({ type: 'image_url', image_url: { url } })
    const content = [part('data:image/png;base64,AAAA'), part('https://x/y.png'), { type: 'text', text: 'data:image/png;base64,no' }, part('data:,x')]
    const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }, null, 1))
    const scanned = scanner.scan(body)
    expect(scanned.ok && scanned.value.images.map(({ start, end }) => body.toString('utf8', start, end))).toEqual([
      'data:image/png;base64,AAAA',
      'data:,x',
    ])
  })

  it('ignores wrong types where a path is only passed through', () => {
    expect(scanText('{"model":3,"stream":"x","priority":[]}', false)).toMatchObject({
      ok: true,
      value: { model: undefined, stream: false, priority: 0 },
    })
  })
})
