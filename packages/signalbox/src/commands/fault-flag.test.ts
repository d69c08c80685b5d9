import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultOf } from './fault-flag.ts'

describe('a fault written by hand', () => {
  it.each([
    ['stallMs=5000', { stallMs: 5000 }],
    ['failRatio=0.25', { failRatio: 0.25 }],
    ['refuse=true', { refuse: true }],
    ['refuse=false', { refuse: false }],
    ['metricsBody=<html>a=b</html>', { metricsBody: '<html>a=b</html>' }],
    ['metricsBody=', { metricsBody: '' }],
    ['stallMs=5000@60s', { stallMs: { value: 5000, afterMs: 60_000 } }],
    ['die=true@30s+10s', { die: { value: true, afterMs: 30_000, forMs: 10_000 } }],
    ['slowFactor=3@0+2m', { slowFactor: { value: 3, afterMs: 0, forMs: 120_000 } }],
    ['slowFactor=3@1500ms+250', { slowFactor: { value: 3, afterMs: 1_500, forMs: 250 } }],
    ['metricsBody=me@home', { metricsBody: 'me@home' }],
  ])('%s is %j', (text, fault) => {
    expect(faultOf(text)).toEqual({ ok: true, value: fault })
  })

  it.each(['', 'stallMs', '=5'])('%j is none', (text) => {
    expect(faultOf(text)).toMatchObject({ ok: false, error: expect.stringContaining('write key=value') })
  })

  it('keeps every text as it is that is no number, truth value or schedule', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('@') && !Number.isFinite(Number(text)) && text !== 'true' && text !== 'false'),
        (text) => {
          expect(faultOf(`metricsBody=${text}`)).toEqual({ ok: true, value: { metricsBody: text } })
        },
      ),
    )
  })
})
