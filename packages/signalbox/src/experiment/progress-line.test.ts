import { describe, expect, it } from 'vitest'
import { ProgressLine, progressText } from './progress-line.ts'

class Out {
  written = ''
  readonly isTTY: boolean
  readonly columns = 70
  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }
  write(text: string): void {
    this.written += text
  }
}

describe('progressText', () => {
  it('says how much is done, what, and about how long the rest takes', () => {
    expect(progressText('replay', { share: 0.5, elapsedMs: 40_000, detail: '3 of 6 runs' })).toBe(
      'replay [############------------] 50 %, 3 of 6 runs, about 40 s left',
    )
    expect(progressText('replay', { share: 0.1, elapsedMs: 60_000, detail: 'x' })).toContain('about 9 min left')
  })

  it('foretells nothing at the very beginning and at the end, and never leaves the bar', () => {
    expect(progressText('load', { share: 0, elapsedMs: 5, detail: 'x' })).toBe(`load [${'-'.repeat(24)}] 0 %, x`)
    expect(progressText('load', { share: 1.2, elapsedMs: 5, detail: 'x' })).toBe(`load [${'#'.repeat(24)}] 100 %, x`)
    expect(progressText('load', { share: -1, elapsedMs: 5, detail: 'x' })).toContain(' 0 %')
  })
})

describe('ProgressLine', () => {
  it('writes over its line on a terminal, no wider than that, and clears it at the end', () => {
    const out = new Out(true)
    const line = new ProgressLine(out, 'replay')
    line.show({ share: 0.2, elapsedMs: 1000, detail: 'a very long sentence about what is going on, and more' })
    line.show({ share: 0.3, elapsedMs: 1050, detail: 'too soon' })
    line.show({ share: 0.4, elapsedMs: 2000, detail: 'short' })
    line.end()
    line.end()
    const lines = out.written.split('\r')
    expect(lines).toHaveLength(5)
    expect(lines[1]).toHaveLength(69)
    expect(lines[2]?.trimEnd()).toMatch(/40 %, short, about 3 s left$/)
    // What was longer before is covered.
    expect(lines[2]).toHaveLength(69)
    expect(lines[3]?.trim()).toBe('')
    expect(lines[4]).toBe('')
    expect(out.written).not.toContain('\n')
  })

  it('writes whole lines elsewhere, one every ten seconds, and none of what is short', () => {
    const out = new Out(false)
    const line = new ProgressLine(out, 'replay')
    for (let elapsedMs = 0; elapsedMs < 25_000; elapsedMs += 100) line.show({ share: 0.5, elapsedMs, detail: 'x' })
    line.end()
    expect(out.written.split('\n')).toHaveLength(3)
    expect(out.written).not.toContain('\r')
  })
})
