import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ewma, exponential, Labels, LruMap, normal, Ring, seededRandom, VirtualClock } from './index.ts'

describe('Ring', () => {
  it('behaves as a bounded queue, compared with an array', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.option(fc.integer(), { nil: undefined })), (capacity, operations) => {
        const ring = new Ring<number>(capacity)
        const model: number[] = []
        for (const operation of operations) {
          if (operation === undefined) expect(ring.shift()).toBe(model.shift())
          else {
            const accepted = model.length < capacity
            if (accepted) model.push(operation)
            expect(ring.push(operation)).toBe(accepted)
          }
          expect(ring.size).toBe(model.length)
          expect(ring.at(0)).toBe(model[0])
          expect(ring.at(ring.size - 1)).toBe(model.at(-1))
        }
      }),
    )
  })

  it('drops the oldest when pushed while full', () => {
    const ring = new Ring<string>(2)
    ring.push('a')
    ring.push('b')
    expect(ring.pushEvicting('c')).toBe('a')
    expect([ring.at(0), ring.at(1), ring.at(2)]).toEqual(['b', 'c', undefined])
  })
})

describe('LruMap', () => {
  it('evicts the least recently used key', () => {
    const map = new LruMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.get('a')
    expect(map.set('c', 3)).toBe('b')
    expect([map.peek('a'), map.peek('b'), map.peek('c'), map.size]).toEqual([1, undefined, 3, 2])
  })
})

describe('Labels', () => {
  const pairs = fc.dictionary(fc.string(), fc.string())
  it('has equal keys exactly for equal sets', () => {
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const [x, y] = [Labels.from(a), Labels.from(b)]
        expect(x.key === y.key).toBe(JSON.stringify(x.toRecord()) === JSON.stringify(y.toRecord()))
      }),
    )
  })

  it('drops empty values, sets, removes, picks and omits', () => {
    const labels = Labels.from({ b: '2', a: '1', c: '' })
    expect(labels.names).toEqual(['a', 'b'])
    expect(labels.with('a', '').toRecord()).toEqual({ b: '2' })
    expect(labels.with('aa', 'x').names).toEqual(['a', 'aa', 'b'])
    expect(labels.pick(new Set(['b', 'z'])).toRecord()).toEqual({ b: '2' })
    expect(labels.omit(new Set(['b'])).toRecord()).toEqual({ a: '1' })
    expect(labels.get('zz')).toBe('')
  })
})

describe('random numbers', () => {
  it('repeat under the same seed and have the asked mean', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 4000 },
        (
          (random) => () =>
            exponential(random, 2)
        )(seededRandom(seed)),
      )
    expect(draw(7)).toEqual(draw(7))
    const mean = draw(7).reduce((sum, x) => sum + x, 0) / 4000
    expect(mean).toBeGreaterThan(1.9)
    expect(mean).toBeLessThan(2.1)
    const random = seededRandom(3)
    const normals = Array.from({ length: 4000 }, () => normal(random, 10, 1))
    expect(Math.abs(normals.reduce((sum, x) => sum + x, 0) / 4000 - 10)).toBeLessThan(0.1)
  })
})

it('a virtual clock refuses to go back', () => {
  const clock = new VirtualClock(5)
  clock.advance(2)
  expect(clock.nowMs()).toBe(7)
  expect(() => clock.advance(-1)).toThrow('cannot go back')
})

it('an exponentially weighted mean starts at its prior', () => {
  const mean = new Ewma(0.5, 4)
  expect(mean.mean).toBe(4)
  mean.add(8)
  expect([mean.mean, mean.count]).toEqual([6, 1])
})
