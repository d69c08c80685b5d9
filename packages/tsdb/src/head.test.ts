import { Labels } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { Head, type Matcher, type MatchOperator } from './index.ts'

const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const

function matcher(name: string, operator: MatchOperator, value: string): Matcher {
  const pattern = new RegExp(`^(?:${value})$`)
  const positive = operator === '=' || operator === '!=' ? (text: string) => text === value : (text: string) => pattern.test(text)
  return { name, operator, value, matches: operator.startsWith('=') ? positive : (text) => !positive(text) }
}

function headOf(...series: Record<string, string>[]): Head {
  const head = new Head({ seriesMax: 100, retentionMs: 1000 })
  for (const labels of series) head.append(head.seriesRef(Labels.from(labels)) as number, 1000, 1)
  return head
}

describe('a head', () => {
  it('gives the same series the same reference', () => {
    const head = headOf()
    const ref = head.seriesRef(Labels.from({ a: '1', b: '2' }))
    expect(head.seriesRef(Labels.from({ b: '2', a: '1' }))).toBe(ref)
    expect(head.seriesRef(Labels.from({ a: '1' }))).not.toBe(ref)
  })

  it('refuses new series at its limit, counts them, and goes on with the known ones', () => {
    const head = new Head({ seriesMax: 1, retentionMs: 1000 })
    const ref = head.seriesRef(Labels.from({ a: '1' }))
    expect(head.seriesRef(Labels.from({ a: '2' }))).toBeUndefined()
    expect(head.seriesRef(Labels.from({ a: '1' }))).toBe(ref)
    expect(head.stats()).toMatchObject({ series: 1, samples: 0, refused: 1, appended: 0 })
  })

  it('tells what became of a sample', () => {
    const head = headOf()
    const ref = head.seriesRef(Labels.from({ a: '1' })) as number
    expect(head.append(ref, 1000, 1)).toBe('ok')
    expect(head.append(ref, 1000, 1)).toBe('ok')
    expect(head.append(ref, 1000, 2)).toBe('duplicate')
    expect(head.append(ref, 999.5, 1)).toBe('out-of-order')
    expect(head.append(ref, 1000.5, Number.NaN)).toBe('ok')
    expect(head.append(ref, 1000.5, Number.NaN)).toBe('ok')
    expect(head.append(999, 1, 1)).toBe('unknown-series')
    head.truncate(1000.5)
    expect(head.append(head.seriesRef(Labels.from({ a: '2' })) as number, 1000, 1)).toBe('out-of-order')
    expect(head.stats()).toMatchObject({ series: 2, samples: 2, appended: 2 })
    expect(() => head.append(ref, Number.NaN, 1)).toThrow('finite')
  })

  it('repeats of the last sample of a full chunk are recognised', () => {
    for (const value of [5, 0.5, Number.NaN]) {
      const head = headOf()
      const ref = head.seriesRef(Labels.from({ a: '1' })) as number
      for (let i = 1; i <= 120; i++) head.append(ref, i, value)
      expect([head.append(ref, 120, value), head.append(ref, 120, 7), head.append(ref, 119, value)]).toEqual(['ok', 'duplicate', 'out-of-order'])
    }
  })

  it('answers the timestamps of one scrape once, and others to whom they belong', () => {
    const head = new Head({ seriesMax: 10, retentionMs: 1e9, lateMs: 1e6 })
    const refs = ['a', 'b', 'late', 'young', 'c'].map((pod) => head.seriesRef(Labels.from({ __name__: 'm', pod })) as number)
    for (let i = 0; i < 250; i++) {
      for (const [at, ref] of refs.entries()) {
        if ((at === 3 && i < 130) || (at === 2 && i === 200)) continue
        head.append(ref, i * 1000, i * (at + 1))
      }
    }
    head.append(refs[2] as number, 200_000, 600)
    const [a, b, late, young, c] = head.select([matcher('__name__', '=', 'm')], 100_000, 240_000)
    expect(b?.timestampsMs).toBe(a?.timestampsMs)
    expect([...(late?.timestampsMs ?? [])]).toEqual([...(a?.timestampsMs ?? [])])
    expect([young?.timestampsMs[0], young?.timestampsMs.length, young?.values[0]]).toEqual([130_000, 111, 520])
    expect([c?.timestampsMs[0], c?.timestampsMs.length]).toEqual([100_000, 141])
    const expected = (pod: number) => Array.from({ length: 141 }, (_, i) => (100 + i) * pod)
    expect([a, b, late, c].map((series) => [...(series?.values ?? [])])).toEqual([1, 2, 3, 5].map(expected))
  })

  it('uses the memory of answers again once they are released, and not before', () => {
    const head = headOf({ __name__: 'm', pod: 'a' }, { __name__: 'm', pod: 'b' })
    const select = (pod: string) => head.select([matcher('pod', '=', pod)], ...everything)[0]
    const [a, b] = [select('a'), select('b')]
    expect(b?.values.buffer === a?.values.buffer && b?.values.byteOffset === a?.values.byteOffset).toBe(false)
    head.release()
    expect(select('b')?.values.buffer).toBe(a?.values.buffer)
    head.truncate(0)
    expect(select('b')?.values.buffer).not.toBe(a?.values.buffer)
  })

  it('matches an absent label as an empty one', () => {
    const head = headOf({ n: 'x', job: 'a' }, { n: 'x', job: 'b' }, { n: 'x' }, { n: 'y', job: 'a' })
    const selected = (...matchers: Matcher[]) => head.select(matchers, ...everything).map(({ labels }) => `${labels.get('n')}${labels.get('job')}`)
    expect(selected(matcher('job', '=', 'a'))).toEqual(['xa', 'ya'])
    expect(selected(matcher('job', '=', ''))).toEqual(['x'])
    expect(selected(matcher('n', '=', 'x'), matcher('job', '!=', 'a'))).toEqual(['xb', 'x'])
    expect(selected(matcher('n', '=', 'x'), matcher('job', '!=', ''))).toEqual(['xa', 'xb'])
    expect(selected(matcher('job', '=~', 'b|'))).toEqual(['xb', 'x'])
    expect(selected(matcher('job', '=~', 'b|a'))).toEqual(['xa', 'xb', 'ya'])
    expect(selected(matcher('job', '!~', '.+'))).toEqual(['x'])
    expect(selected(matcher('zz', '=', ''), matcher('n', '=', 'y'))).toEqual(['ya'])
    expect(selected(matcher('zz', '=', 'q'))).toEqual([])
    expect(selected()).toEqual(['xa', 'xb', 'x', 'ya'])
  })

  it('lists series, label names and values of what has samples in the range', () => {
    const head = headOf({ n: 'x', job: 'a' }, { n: 'y', job: 'b' })
    head.append(head.seriesRef(Labels.from({ n: 'z', pod: 'p' })) as number, 5000, 1)
    head.seriesRef(Labels.from({ n: 'without samples', empty: 'e' }))
    const x = [matcher('n', '=', 'x')]
    const byJob = [matcher('job', '!=', '')]
    expect(head.series([x, byJob], ...everything).map((labels) => labels.get('n'))).toEqual(['x', 'y'])
    expect(head.series([byJob, x], 2000, 9000)).toEqual([])
    expect(head.labelNames([], ...everything)).toEqual(['job', 'n', 'pod'])
    expect(head.labelNames([], 1000, 1000)).toEqual(['job', 'n'])
    expect(head.labelNames([x], ...everything)).toEqual(['job', 'n'])
    expect(head.labelValues('n', [], ...everything)).toEqual(['x', 'y', 'z'])
    expect(head.labelValues('n', [byJob], ...everything)).toEqual(['x', 'y'])
    expect(head.labelValues('pod', [x], ...everything)).toEqual([])
    expect(head.labelValues('nothing', [], ...everything)).toEqual([])
  })

  it('keeps the bits of a NaN through sealing and copying, warm code included', () => {
    const bits = Uint32Array.of(2, 0x7ff80000)
    const stale = new Float64Array(bits.buffer)[0] as number
    const head = headOf()
    const ref = head.seriesRef(Labels.from({ a: '1' })) as number
    for (let i = 0; i < 30_000; i++) head.append(ref, i, i % 3 === 0 ? stale : i % 3 === 1 ? Number.NaN : i)
    const [series] = head.select([], 7, 29_990)
    const words = new Uint32Array(series!.values.slice().buffer)
    for (let i = 0; i < series!.values.length; i++) {
      const kind = (i + 7) % 3
      if (kind === 2) expect(series!.values[i]).toBe(i + 7)
      else if (words[2 * i] !== (kind === 0 ? 2 : 0) || words[2 * i + 1] !== 0x7ff80000) expect.fail(`bits of sample ${i}`)
    }
  })

  it('answers copies that later appends and truncations leave alone', () => {
    const head = headOf()
    const ref = head.seriesRef(Labels.from({ a: '1' })) as number
    for (let i = 0; i < 130; i++) head.append(ref, i, 5)
    const [series] = head.select([], ...everything)
    for (let i = 130; i < 400; i++) head.append(ref, i, 6)
    head.truncate(390)
    expect([...series!.values]).toEqual(new Array(130).fill(5))
    expect(series!.timestampsMs[129]).toBe(129)
  })

  it('forgets series without samples, and counts its retention back from the newest sample', () => {
    const head = headOf({ n: 'x', job: 'a' }, { n: 'y', job: 'a' })
    const [x, y] = [head.seriesRef(Labels.from({ n: 'x', job: 'a' })), head.seriesRef(Labels.from({ n: 'y', job: 'a' }))] as [number, number]
    head.append(y, 2000, 1)
    head.truncate()
    expect(head.stats().series).toBe(2)
    head.append(y, 2001, 1)
    head.truncate()
    expect(head.stats()).toMatchObject({ series: 1, samples: 3 })
    expect(head.append(x, 3000, 1)).toBe('unknown-series')
    expect(head.labelValues('n', [], ...everything)).toEqual(['y'])
    const again = head.seriesRef(Labels.from({ n: 'x', job: 'a' })) as number
    expect(again).not.toBe(x)
    expect(head.append(again, 3000, 1)).toBe('ok')
    expect(head.select([matcher('job', '=', 'a')], ...everything).map(({ labels }) => labels.get('n'))).toEqual(['y', 'x'])
  })

  it('shares timestamps of series scraped together and narrows values that allow it', () => {
    const head = headOf()
    const refs = Array.from({ length: 100 }, (_, i) => head.seriesRef(Labels.from({ i: String(i) })) as number)
    const empty = head.stats().bytes
    for (let t = 0; t < 120 * 50; t++) for (const [i, ref] of refs.entries()) head.append(ref, t, i < 50 ? 0 : t)
    const { samples, bytes } = head.stats()
    expect(samples).toBe(100 * 120 * 50)
    // Half are constant, half are integers of 4 bytes: 2 bytes a sample where plain columns take 16.
    expect((bytes - empty) / samples).toBeLessThan(2.5)
  })
})
