import { describe, expect, it } from 'vitest'
import { RetryAllowance } from './retry-allowance.ts'

function taken(allowance: RetryAllowance, nowMs: number): number {
  let count = 0
  while (allowance.take(nowMs)) count += 1
  return count
}

describe('the retry allowance', () => {
  it('is ten a second and a fifth of the requests, over ten seconds', () => {
    const allowance = new RetryAllowance()
    for (let request = 0; request < 500; request += 1) allowance.requested(request * 10)
    expect(taken(allowance, 5000)).toBe(200)
    expect(taken(allowance, 14_999)).toBe(0)
  })

  it('is given back when its second has left the window', () => {
    const allowance = new RetryAllowance()
    expect(taken(allowance, 0)).toBe(100)
    expect(taken(allowance, 9_999)).toBe(0)
    expect(taken(allowance, 10_000)).toBe(100)
    expect(taken(allowance, 500_000)).toBe(100)
  })
})
