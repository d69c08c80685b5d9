import { describe, expect, it } from 'vitest'
import { type DecodeOptions, decodePage, type PageHandler } from './index.ts'

type Sample = [series: string, value: number, timestampMs: number | undefined]

function decode(page: string | Uint8Array, options?: DecodeOptions, extra?: Partial<PageHandler>) {
  const samples: Sample[] = []
  const metadata: string[] = []
  const result = decodePage(
    typeof page === 'string' ? new TextEncoder().encode(page) : page,
    {
      type: (family, type) => metadata.push(`${family}: ${type}`),
      help: (family, text) => metadata.push(`${family}? ${text}`),
      sample: (series, value, timestampMs) => samples.push([series, value, timestampMs]),
      ...extra,
    },
    options,
  )
  return { result, samples, metadata }
}

function errorOf(page: string, options?: DecodeOptions) {
  const { result } = decode(page, options)
  return result.ok ? undefined : `${result.error.code} ${result.error.line}:${result.error.column}`
}

describe('decodePage', () => {
  it('reads a page as vLLM writes it', () => {
    const { result, samples, metadata } = decode(`# HELP vllm:prompt_tokens_total Number of \\\\ prefill\\ntokens.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="m"} 1.0777853952e+010
# TYPE vllm:prompt_tokens_created gauge
vllm:prompt_tokens_created{engine="0",model_name="m"} 1.7556318e+09
http_request_size_bytes{quantile="0.5"} NaN
x_bucket{le="+Inf"} 9.007199254740993e+15
process_open_fds 74.0
info{} 1
`)
    expect(result).toEqual({ ok: true, value: { samples: 6 } })
    expect(samples).toEqual([
      ['vllm:prompt_tokens_total{engine="0",model_name="m"}', 10_777_853_952, undefined],
      ['vllm:prompt_tokens_created{engine="0",model_name="m"}', 1_755_631_800, undefined],
      ['http_request_size_bytes{quantile="0.5"}', Number.NaN, undefined],
      ['x_bucket{le="+Inf"}', 2 ** 53, undefined],
      ['process_open_fds', 74, undefined],
      ['info{}', 1, undefined],
    ])
    expect(metadata).toEqual([
      'vllm:prompt_tokens_total? Number of \\ prefill\ntokens.',
      'vllm:prompt_tokens_total: counter',
      'vllm:prompt_tokens_created: gauge',
    ])
  })

  it('reads an OpenMetrics page: seconds, exemplars skipped, nothing after the end', () => {
    const page = `# TYPE x histogram
# UNIT x seconds
# HELP x said \\"so\\"
x_bucket{le="1"} 4 1520879607.789 # {trace_id="a # b}"} 0.67 1520879607.5
x_count 4 # {} 1
# EOF
`
    const { result, samples, metadata } = decode(page)
    expect(result.ok).toBe(true)
    expect(samples).toEqual([
      ['x_bucket{le="1"}', 4, 1_520_879_607_789],
      ['x_count', 4, undefined],
    ])
    expect(metadata).toEqual(['x: histogram', 'x? said "so"'])
    expect(errorOf(`${page}y 1\n`, { format: 'openmetrics' })).toBe('bad-syntax 7:1')
    expect(errorOf('x 1\n', { format: 'openmetrics' })).toBe('bad-syntax 2:1')
    expect(errorOf('x 1\n# EOF', { format: 'openmetrics' })).toBeUndefined()
  })

  it('hands over exemplars and units to who asks', () => {
    const exemplars: unknown[] = []
    const units: string[] = []
    const extra: Partial<PageHandler> = {
      exemplar: ({ labels, value, timestampMs }) => exemplars.push([labels.toRecord(), value, timestampMs]),
      unit: (family, unit) => units.push(`${family}: ${unit}`),
    }
    const page = '# UNIT a_s s\n# UNIT b \na_s_bucket{le="1"} 4 1 # {t="a \\"}# b"} 0.67 1.5\na_s_bucket{le="+Inf"} 4 #{}1\r\n# EOF\n'
    expect(decode(page, undefined, extra).result.ok).toBe(true)
    expect(exemplars).toEqual([
      [{ t: 'a "}# b' }, 0.67, 1500],
      [{}, 1, undefined],
    ])
    expect(units).toEqual(['a_s: s', 'b: '])
    for (const exemplar of ['', '{', '{}', '{x="1"', '{x=1} 2', '{} x', '{} 1 2 3', '{} 1 NaN', '{} 1 1e300', 'x{} 1', '{x="1",x="2"} 1']) {
      const { result } = decode(`a 1\na 2 # ${exemplar}\n`, undefined, extra)
      expect([exemplar, result.ok ? 'ok' : `${result.error.code} ${result.error.line}:${result.error.column}`]).toEqual([
        exemplar,
        'bad-exemplar 2:5',
      ])
      expect(decode(`a 1\na 2 # ${exemplar}\nb 3 # {} 4\n`, { skipsBadExemplars: true }, extra).samples.map(([series]) => series)).toEqual([
        'a',
        'a',
        'b',
      ])
      expect(exemplars.splice(2)).toEqual([[{}, 4, undefined]])
    }
  })

  it('takes the end of an OpenMetrics page for a comment when told that the page is text', () => {
    expect(decode('# EOF\nx 1 1500\n# EOF\n', { format: 'text' }).samples).toEqual([['x', 1, 1500]])
    expect(decode('# EOF').result).toEqual({ ok: true, value: { samples: 0 } })
  })

  it('tolerates blanks, CRLF, trailing commas, a missing last newline, odd metadata and an empty page', () => {
    const { result, samples, metadata } = decode(
      '\r\n  a { x = "1" , y="2", }\t7  \r\nb 1 -5 \r\n#\n# TYPE\n# TYPE a\n# TYPE a odd\n# HELP a\n#HELP a x\r\n#nothing\n\n c 2',
    )
    expect(result.ok).toBe(true)
    expect(samples).toEqual([
      ['a { x = "1" , y="2", }', 7, undefined],
      ['b', 1, -5],
      ['c', 2, undefined],
    ])
    expect(metadata).toEqual(['a: unknown', 'a? ', 'a? x'])
    expect(decode('').result).toEqual({ ok: true, value: { samples: 0 } })
  })

  it('reads every spelling of a number and refuses what is none', () => {
    const numberIn = (text: string) => decode(`x ${text}\n`).samples[0]?.[1]
    const spellings = { '+Inf': Infinity, Inf: Infinity, '-inf': -Infinity, '-0': -0, '.5': 0.5, '5.': 5, '1E3': 1000, '1e999999': Infinity, '+4': 4 }
    for (const [text, value] of Object.entries(spellings)) expect([text, numberIn(text)]).toEqual([text, value])
    for (const text of ['0.1', '123456789012345678901', '1e-7', '4.9e-324', '1.7976931348623157e308', '9007199254740993', '8.41e-23', '3.3e23'])
      expect(numberIn(text)).toBe(Number(text))
    for (const text of ['', '-', '.', 'e5', '1e', '1e+', '0x10', '1_0', 'Infinite', 'nope', '1,5', '1.2.3', '--1'])
      expect([text, errorOf(`x ${text}\n`)]).toEqual([text, 'bad-value 1:3'])
    expect(new BigUint64Array(Float64Array.of(numberIn('NaN') as number).buffer)[0]).toBe(0x7ff8000000000000n)
  })

  it('says where a page is wrong', () => {
    const cases: Record<string, string> = {
      'a 1\n9b 2\n': 'bad-syntax 2:1',
      'a 1 2 3\n': 'bad-syntax 1:7',
      'a 1\nb{x="é",y=1} 2\n': 'bad-label 2:11',
      'b{x="1} 2\n': 'bad-label 1:3',
      'b{x="1\\': 'bad-label 1:3',
      'b{x"1"} 2\n': 'bad-label 1:4',
      'b{x="1"y="2"} 2\n': 'bad-label 1:8',
      'b{,} 2\n': 'bad-label 1:3',
      'b{x="1"} \n': 'bad-value 1:10',
      'b 1 1.5\n': 'bad-timestamp 1:5',
      'b 1 1e300\n': 'bad-timestamp 1:5',
      'b 1 NaN\n': 'bad-timestamp 1:5',
      '{"b"} 1\n': 'bad-syntax 1:1',
    }
    for (const [page, error] of Object.entries(cases)) expect([page, errorOf(page)]).toEqual([page, error])
    const broken = decode(Uint8Array.of(0x61, 0x20, 0x31, 0x0a, 0x62, 0xff, 0x0a)).result
    expect(broken).toEqual({ ok: false, error: { code: 'bad-syntax', message: 'the line is not UTF-8', line: 2, column: 1 } })
  })

  it('refuses a page over its limit before reading it', () => {
    const { result, samples } = decode('a 1\n', { pageBytesMax: 3 })
    expect(result).toMatchObject({ ok: false, error: { code: 'too-large', line: 1, column: 1 } })
    expect(samples).toEqual([])
  })

  it('asks once for each name and leaves the unwanted out, whatever their lines hold', () => {
    const asked: string[] = []
    const wants = (name: string) => asked.push(name) > 0 && name !== 'b'
    const { result, samples } = decode('a 1\na{x="1"} 2\nb what ever\nb_c 3\nb{\na 4\n', undefined, { wants })
    expect(result).toEqual({ ok: true, value: { samples: 4 } })
    expect(samples.map(([series]) => series)).toEqual(['a', 'a{x="1"}', 'b_c', 'a'])
    expect(asked).toEqual(['a', 'b', 'b_c'])
  })
})
