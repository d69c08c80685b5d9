import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { durationText } from './duration-text.ts'
import { grafanaDashboard } from './grafana-dashboard.ts'
import { sampleDashboard } from './sample-dashboard.case.ts'
import { isExport, yamlFile, yamlText } from './yaml-text.ts'

describe('YAML text', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('on', 'y', 'No', '12:30', '1e3', '0o7', '1_000', '~', 'a: b', '- a', '2026-01-01', ' x ', 'a\nb\n', '{{ $value }}', '='),
  )

  it.each(['1.1', '1.2'] as const)('is read back as it was by a reader of version %s', (version) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.array(text)), (value) => {
        // A key `__proto__` would be set on the reader's object itself.
        fc.pre(!Object.hasOwn(value, '__proto__'))
        expect(parse(yamlText(value), { version })).toEqual({ ...value })
      }),
    )
  })
})

it.each([
  [0, '0s'],
  [90, '90s'],
  [300, '5m'],
  [3_600, '1h'],
  [259_200, '3d'],
  [0.5, '500ms'],
])('%d s are written %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text)
})

it('an export is known again, and nothing else is taken for one', () => {
  expect([yamlFile([{}]), grafanaDashboard(sampleDashboard)].map(isExport)).toEqual([true, true])
  expect(['', 'groups: []', '{}', 'null', '[1]', '{"tags":["llm"]}', '{'].map(isExport)).toEqual(Array.from({ length: 7 }, () => false))
})
