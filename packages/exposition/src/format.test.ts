import { expect, it } from 'vitest'
import { contentTypeOf, formatValue, negotiateFormat } from './index.ts'

it('values are written as Prometheus writes them', () => {
  expect([Infinity, -Infinity, Number.NaN, -0, 0.1, 1e21, 74].map(formatValue)).toEqual(['+Inf', '-Inf', 'NaN', '-0', '0.1', '1e+21', '74'])
})

it('OpenMetrics is answered when it is asked for at least as much as text', () => {
  const cases: [string | undefined, string][] = [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=2.0.0', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=nonsense', 'text'],
    ['application/openmetrics-text;q=0.3,text/plain;q=0.5', 'text'],
    ['application/openmetrics-text;q=0.5,text/plain;q=0.5', 'openmetrics'],
    ['application/openmetrics-text;q=0.4,text/plain;q=0.3,*/*', 'openmetrics'],
    ['text/*;q=0.9, Application/OpenMetrics-Text;q=0.5', 'text'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ]
  for (const [accept, format] of cases) expect([accept, negotiateFormat(accept)]).toEqual([accept, format])
})

it('content types carry their versions', () => {
  expect(contentTypeOf('text')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(contentTypeOf('openmetrics')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
})
