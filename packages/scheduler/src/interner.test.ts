import { describe, expect, it } from 'vitest'
import { Interner } from './interner.ts'

describe('Interner', () => {
  it('keeps what a live record uses and forgets the rest once it has grown', () => {
    const names = new Interner<string>(3)
    const kept = names.use('kept', 0)
    for (let sequence = 1; sequence < 100; sequence += 1) {
      names.use(`n${sequence}`, sequence)
      names.use('kept', sequence)
      names.sweep(sequence - 1)
      expect(names.size).toBeLessThanOrEqual(6)
      expect(names.valueOf(kept)).toBe('kept')
      expect(names.valueOf(names.numberOf(`n${sequence}`) ?? 0)).toBe(`n${sequence}`)
    }
    expect(names.numberOf('n1')).toBeUndefined()
  })

  it('gives a value one number', () => {
    const names = new Interner<string>(3)
    expect(names.use('a', 1)).toBe(names.use('a', 2))
    expect(names.use('b', 2)).not.toBe(names.use('a', 2))
  })
})
