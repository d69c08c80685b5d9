import { describe, expect, it } from 'vitest'
import { parseSeries } from './index.ts'

describe('parseSeries', () => {
  it('takes name and labels apart, sorted, without empty values, escapes undone', () => {
    const parsed = parseSeries('up{z="1", a="q\\"b\\\\n\\n\\t",e="" , }')
    expect(parsed.ok && [parsed.value.name, parsed.value.labels.toRecord()]).toEqual(['up', { a: 'q"b\\n\n\\t', z: '1' }])
  })

  it('takes a bare name, an empty label set and blanks', () => {
    for (const text of ['up', 'up{}', ' up { } ']) {
      const parsed = parseSeries(text)
      expect(parsed.ok && [parsed.value.name, parsed.value.labels.size]).toEqual(['up', 0])
    }
  })

  it('says where a series is wrong', () => {
    const cases: Record<string, string> = {
      '': 'bad-syntax 1',
      '1a': 'bad-syntax 1',
      'a 5': 'bad-syntax 3',
      'a{} 5': 'bad-syntax 5',
      'a{b="1",b="2"}': 'bad-label 9',
      'a{__name__="b"}': 'bad-label 3',
      'a{b="1"': 'bad-label 8',
      'a{b="1': 'bad-label 3',
      'a{': 'bad-label 3',
      'a{b:c="1"}': 'bad-label 4',
    }
    for (const [text, expected] of Object.entries(cases)) {
      const parsed = parseSeries(text)
      expect([text, parsed.ok ? 'ok' : `${parsed.error.code} ${parsed.error.column}`]).toEqual([text, expected])
    }
  })
})
